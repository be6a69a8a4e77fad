"""The page on which to try the service needs nothing from elsewhere."""

import re


def test_the_page_and_all_that_it_loads_are_here(client):
    page = client.get("/api/", follow_redirects=True)
    assert page.status_code == 200
    loaded = re.findall(r'<(?:script|link)[^>]*(?:src|href)="([^"]+)"', page.text)
    assert any(name.endswith("bundle.js") for name in loaded)
    for name in loaded:
        assert "://" not in name
        answer = client.get(f"/api/{name}", buffered=True)
        assert answer.status_code == 200, name
    assert client.get("/openapi.json").json["openapi"].startswith("3.2")
