"""The walk from slick to slick, and beyond the last one."""
