"""Search, lists and single records."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.hubspot.client import SimulatorControl

from .conftest import Api


@pytest.fixture
def people(sim: SimulatorControl) -> dict[str, str]:
    """Ids by name."""
    rows = {
        "Zoë": {
            "firstname": "Zoë",
            "lastname": "Lee",
            "email": "zoe@mail.com",
            "treatmentstodate": "9",
            "ncf_date_of_birth": "1980-01-02",
        },
        "Bob": {
            "firstname": "Bob",
            "lastname": "van der Lee",
            "email": "bob@work.org",
            "treatmentstodate": "10",
            "ncf_date_of_birth": "1999-12-31",
            "lifecyclestage": "lead",
        },
        "Cy": {
            "firstname": "Cy",
            "email": "cy@mail.com",
            "hs_additional_emails": "cyrus@home.net;c@home.net",
            "address": "12 Main Street",
        },
    }
    ids = sim.load("contacts", [{"properties": row} for row in rows.values()])
    return dict(zip(rows, ids, strict=True))


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        (("firstname", "EQ", "ZOE"), ["Zoë"]),
        (("firstname", "NEQ", "bob"), ["Zoë", "Cy"]),
        (("lastname", "NEQ", "lee"), ["Bob", "Cy"]),
        (("lastname", "NOT_IN", ["lee"]), ["Bob", "Cy"]),
        (("firstname", "IN", ["bob", "cy"]), ["Bob", "Cy"]),
        (("firstname", "IN", ["Bob"]), []),
        (("lifecyclestage", "EQ", "lead"), ["Bob"]),
        (("lifecyclestage", "EQ", "LEAD"), []),
        (("treatmentstodate", "GT", "9"), ["Bob"]),
        (("treatmentstodate", "LTE", "9.0"), ["Zoë"]),
        (("treatmentstodate", "BETWEEN", "9", "10"), ["Zoë", "Bob"]),
        (("ncf_date_of_birth", "LT", "946684800000"), ["Zoë", "Bob"]),
        (("ncf_date_of_birth", "GTE", "1999-12-31"), ["Bob"]),
        (("lastname", "HAS_PROPERTY"), ["Zoë", "Bob"]),
        (("lastname", "NOT_HAS_PROPERTY"), ["Cy"]),
        (("lastname", "CONTAINS_TOKEN", "lee"), ["Zoë", "Bob"]),
        (("lastname", "CONTAINS_TOKEN", "le"), []),
        (("lastname", "NOT_CONTAINS_TOKEN", "lee"), ["Cy"]),
        (("address", "CONTAINS_TOKEN", "main street"), ["Cy"]),
        (("email", "CONTAINS_TOKEN", "*@mail.com"), ["Zoë", "Cy"]),
        (("email", "EQ", "ZOE@mail.com"), ["Zoë"]),
        (("hs_additional_emails", "CONTAINS_TOKEN", "cyrus@home.net"), ["Cy"]),
        (("hs_additional_emails", "IN", ["c@home.net", "x@y.zz"]), ["Cy"]),
        (("createdate", "GT", "0"), ["Zoë", "Bob", "Cy"]),
    ],
)
def test_search_operators(
    api: Api, people: dict[str, str], rule: tuple[object, ...], names: list[str]
) -> None:
    """Each operator compares by the property's type, as HubSpot does."""
    body = api.search(rule).json()

    assert body["total"] == len(names)
    assert [row["id"] for row in body["results"]] == [people[name] for name in names]
    assert "paging" not in body


def test_search_by_email_does_not_see_secondary_ones(api: Api, people: dict[str, str]) -> None:
    """The email filter knows the primary address only."""
    assert api.search(("email", "EQ", "cyrus@home.net")).json()["total"] == 0


def test_filter_groups_are_alternatives(api: Api, people: dict[str, str]) -> None:
    """Groups are joined by or, the filters of a group by and."""
    body = {
        "filterGroups": [
            {
                "filters": [
                    {"propertyName": "lastname", "operator": "HAS_PROPERTY"},
                    {"propertyName": "treatmentstodate", "operator": "LT", "value": "10"},
                ]
            },
            {"filters": [{"propertyName": "firstname", "operator": "EQ", "value": "cy"}]},
        ],
        "sorts": [{"propertyName": "firstname", "direction": "DESCENDING"}],
        "properties": ["city"],
    }

    found = api.post("/crm/v3/objects/contacts/search", body).json()["results"]

    assert [row["id"] for row in found] == [people["Zoë"], people["Cy"]]
    assert found[0]["properties"]["city"] is None


def test_search_pages_and_caps(api: Api, sim: SimulatorControl) -> None:
    """`after` is an offset; a page has 200 records at most, a search 10,000."""
    sim.load("contacts", ({"properties": {"email": f"{n}@ex.com"}} for n in range(250)))

    first = api.search(limit=200).json()
    last = api.search(limit=200, after=first["paging"]["next"]["after"]).json()

    assert (first["total"], len(first["results"]), len(last["results"])) == (250, 200, 50)
    assert "paging" not in last
    assert api.search(limit=201).status_code == 400
    assert api.search(limit=200, after="9801").status_code == 400
    assert api.search(limit=200, after="x").status_code == 400


def test_search_pages_by_key_past_the_cap(api: Api, sim: SimulatorControl) -> None:
    """Paging by record id reads more records with one timestamp than the cap allows."""
    sim.set(clock_fixed_ms=1_700_000_000_000)
    sim.load("contacts", ({"properties": {"email": f"{n}@ex.com"}} for n in range(10_250)))
    seen, last = 0, "0"
    while True:
        page = api.search(
            ("lastmodifieddate", "GTE", "1700000000000"),
            ("hs_object_id", "GT", last),
            limit=200,
            sorts=["hs_object_id"],
            properties=["email"],
        ).json()["results"]
        if not page:
            break
        seen, last = seen + len(page), page[-1]["id"]

    assert seen == 10_250


@pytest.mark.parametrize(
    "body",
    [
        {"filterGroups": [{"filters": []}] * 6},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "HAS_PROPERTY"}] * 7}]},
        {
            "filterGroups": [
                {"filters": [{"propertyName": "city", "operator": "HAS_PROPERTY"}] * 5}
            ]
            * 4
        },
        {
            "filterGroups": [
                {"filters": [{"propertyName": "nosuch", "operator": "EQ", "value": "1"}]}
            ]
        },
        {
            "filterGroups": [
                {"filters": [{"propertyName": "city", "operator": "LIKE", "value": "1"}]}
            ]
        },
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "EQ"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "IN"}]}]},
        {"sorts": ["city", "state"]},
        {"query": "x" * 3_001},
        {"filterGroups": [1]},
    ],
)
def test_searches_that_are_refused(api: Api, body: dict[str, object]) -> None:
    """Too many filters, unknown properties and operators, and missing values are 400."""
    assert api.post("/crm/v3/objects/contacts/search", body).status_code == 400


def test_the_index_lags_behind(api: Api, sim: SimulatorControl) -> None:
    """With a lag the search shows the past, while reads are current."""
    sim.set(clock_fixed_ms=1_700_000_000_000, index_lag_ms=5_000)
    old = sim.add("contacts", email="a@ex.com", city="Rome")
    sim.set(clock_fixed_ms=1_700_000_060_000)
    new = api.post("/crm/v3/objects/contacts", {"properties": {"email": "b@ex.com"}}).json()["id"]
    api.batch("update", [{"id": old, "properties": {"city": "Oslo"}}])

    before = api.search(("city", "EQ", "rome"), properties=["city"]).json()
    unseen = api.search(("email", "EQ", "b@ex.com")).json()
    sim.set(clock_fixed_ms=1_700_000_065_001)
    after = api.search().json()

    assert [row["properties"]["city"] for row in before["results"]] == ["Rome"]
    assert unseen["total"] == 0
    assert {row["id"] for row in after["results"]} == {old, new}
    assert api.search(("city", "EQ", "oslo")).json()["total"] == 1


def test_archived_and_merged_records_are_not_found(api: Api, sim: SimulatorControl) -> None:
    """A search never shows archived records or merged-away ids."""
    one, two, three = (sim.add("contacts", email=f"{name}@ex.com") for name in "abc")
    survivor = sim.merge(one, two)
    sim.archive(three)

    assert [row["id"] for row in api.search().json()["results"]] == [survivor]


def test_query_looks_into_the_usual_properties(api: Api, people: dict[str, str]) -> None:
    """`query` searches names and emails."""
    found = api.search(query="zoe lee").json()["results"]

    assert [row["id"] for row in found] == [people["Zoë"]]


def test_list_pages_by_cursor(api: Api, sim: SimulatorControl) -> None:
    """A list goes on from its cursor; the last page has no `paging`."""
    ids = sim.load("contacts", ({"properties": {"email": f"{n}@ex.com"}} for n in range(25)))
    seen: list[str] = []
    after = ""
    while True:
        url = f"/crm/objects/2026-09/contacts?limit=10&properties=email,city&after={after}"
        page = api.get(url).json()
        seen += [row["id"] for row in page["results"]]
        if "paging" not in page:
            break
        after = page["paging"]["next"]["after"]

    assert seen == ids
    assert page["results"][0]["properties"].keys() == {
        "email",
        "city",
        "createdate",
        "hs_object_id",
        "lastmodifieddate",
    }


@pytest.mark.parametrize(("rule", "status"), [("clamp", 200), ("reject", 400)])
def test_a_list_limit_over_100_is_a_setting(
    api: Api, sim: SimulatorControl, rule: str, status: int
) -> None:
    """A larger limit is clamped to 100, or refused."""
    sim.set(list_over_limit=rule)
    sim.load("contacts", ({"properties": {"email": f"{n}@ex.com"}} for n in range(101)))

    response = api.get("/crm/v3/objects/contacts?limit=150")

    assert response.status_code == status
    assert status == 400 or len(response.json()["results"]) == 100


def test_missing_single_records(api: Api) -> None:
    """A missing number is an HTML page, a text a JSON error."""
    number = api.get("/crm/v3/objects/contacts/1")
    text = api.get("/crm/v3/objects/contacts/abc")

    assert number.status_code == text.status_code == 404
    assert "Resource not found" in number.text
    assert number.headers["Content-Type"].startswith("text/html")
    assert text.json()["category"] == "OBJECT_NOT_FOUND"


def test_single_records_by_unique_property(api: Api, sim: SimulatorControl) -> None:
    """A single record can be read and patched by a unique property."""
    record_id = sim.add("contacts", email="a@ex.com")

    patched = api.call(
        "PATCH",
        "/crm/v3/objects/contacts/a%40ex.com?idProperty=email",
        {"properties": {"city": "Rome"}},
    )

    assert patched.json()["id"] == record_id
    found = api.get("/crm/v3/objects/contacts/a%40ex.com?idProperty=email&properties=city")
    assert found.json()["properties"]["city"] == "Rome"


def test_empty_properties_may_be_absent(api: Api, sim: SimulatorControl) -> None:
    """A property without a value is null, or is left out, in every kind of reading."""
    record_id = sim.add("contacts", firstname="A")
    ask = {"properties": ["city", "firstname"]}

    def read() -> list[dict[str, Any]]:
        return [
            api.batch("read", [{"id": record_id}], **ask).json()["results"][0]["properties"],
            api.get("/crm/v3/objects/contacts?properties=city,firstname").json()["results"][0][
                "properties"
            ],
            api.search(("firstname", "EQ", "A"), **ask).json()["results"][0]["properties"],
            api.get(f"/crm/v3/objects/contacts/{record_id}?properties=city").json()["properties"],
        ]

    shown = read()
    sim.set(empty_properties="absent")
    hidden = read()

    assert all(found["city"] is None for found in shown)
    assert all("city" not in found for found in hidden)
    assert hidden[0]["firstname"] == "A"


@pytest.mark.parametrize(("choice", "paging"), [("null", None), ("empty", {"next": None})])
def test_the_last_page_may_have_a_paging_that_says_nothing(
    api: Api, sim: SimulatorControl, choice: str, paging: Any
) -> None:
    """In a list and in a search."""
    sim.load("contacts", [{"properties": {"firstname": "A"}}] * 3)
    sim.set(last_page_paging=choice)
    pages = [api.get("/crm/v3/objects/contacts?limit=5"), api.search(limit=5)]
    full = api.get("/crm/v3/objects/contacts?limit=2").json()

    assert [page.json()["paging"] for page in pages] == [paging, paging]
    assert full["paging"]["next"]["after"]


def test_archived_records_are_listed_with_their_time(api: Api, sim: SimulatorControl) -> None:
    """The archived listing pages like the other, and each record says when it was archived."""
    ids = sim.load("contacts", [{"properties": {"firstname": "A"}}] * 3)
    sim.archive(*ids[:2])
    first = api.get("/crm/v3/objects/contacts?archived=true&limit=1").json()
    after = first["paging"]["next"]["after"]
    second = api.get(f"/crm/v3/objects/contacts?archived=true&limit=1&after={after}").json()

    found = [*first["results"], *second["results"]]
    assert [row["id"] for row in found] == ids[:2]
    assert all(row["archived"] and row["archivedAt"] for row in found)
    assert "paging" not in second
