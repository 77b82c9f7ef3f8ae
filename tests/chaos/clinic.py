"""A small clinic that moves over from the older implementation, with every kind of garbage in it.

Sixty made-up patients, as the sample data has them; beside them patients and ROIs that only the
old id map knows, rows of garbage, and rows whose every value can be recognised wherever it leaks.
"""

from __future__ import annotations

from typing import Any

from sandbox.bigquery import append_rows, load_rows
from sandbox.sample_data import (
    OLD_ID_MAP_SCHEMA,
    PATIENT_SCHEMA,
    ROI_SCHEMA,
    Clinic,
    as_text,
    fill,
    text_schema,
)
from sandbox.stack import LocalStack

Row = dict[str, Any]

SAMPLE = Clinic(patients=60, rois=40, contacts=40, seed=7)
PORTAL = 48121773

# ---------------------------------------------------------------- known to the old id map alone

MAPPED_PATIENTS = [str(910_001 + number) for number in range(12)]
MAPPED_ROIS = [str(920_001 + number) for number in range(9)]
FIRST_MAPPED_CONTACT, FIRST_MAPPED_ROI = 650_000_001, 660_000_001
OLD_TYPES = {
    "contacts": ("contacts", "0-1"),
    "p_roi": ("p_roi", "2-51944773", f"p{PORTAL}_roi"),
}

OLD_LEDGER_SCHEMA = (
    ("run_id", "STRING"), ("started_at", "TIMESTAMP"), ("finished_at", "TIMESTAMP"),
    ("job_type", "STRING"), ("high_watermark", "TIMESTAMP"), ("read_count", "INT64"),
    ("updated_count", "INT64"), ("created_count", "INT64"), ("skipped_count", "INT64"),
    ("error_count", "INT64"), ("status", "STRING"),
)  # fmt: skip
OLD_DLQ_SCHEMA = (
    ("ts", "TIMESTAMP"), ("job_type", "STRING"), ("natural_key", "STRING"),
    ("hubspot_object_type", "STRING"), ("payload", "STRING"), ("error", "STRING"),
    ("attempt", "INT64"),
)  # fmt: skip

# ---------------------------------------------------------------- values to recognise

MARK = "zq7plant"
PLANTED_IDS = ("8800112231", "8800112232", "8800112233", "8800112234")
PLANTED_ROIS = (8811223341, 8811223342)
PLANTED_BIRTH = "1931-07-19"
# What none of them may appear in, and what is looked for there. Numbers are long enough not to
# turn up by chance in an id or a duration.
PLANTS = (MARK, "8800112", "8811223", PLANTED_BIRTH, "7/19/1931", "(509) 555-8807", "88776611")


def leaks(text: str) -> list[str]:
    """The planted values in a text, whatever their case, and their words in hex or escaped."""
    folded = text.lower()
    escaped = [plant.encode("unicode_escape").decode().lower() for plant in PLANTS]
    return [plant for plant in {*(p.lower() for p in PLANTS), *escaped} if plant in folded]


def planted_patients() -> list[Row]:
    """The first has an address that HubSpot refuses, with a message that repeats it; the second
    is a lead's; the third's email belongs to another contact as its second one; the fourth has
    none."""
    rows = []
    for number, patient_id in enumerate(PLANTED_IDS):
        row: Row = {
            name: f"{MARK}{name}{number}"
            for name in (
                "FirstName", "LastName", "Gender", "Address1", "Address2", "City",
                "PrimaryFacility", "PrimaryFacilityCode", "PreferredFirstName", "MiddleName",
                "CareType",
            )
        }  # fmt: skip
        row |= {
            "ID": patient_id,
            "Chart": "88776611.0",
            "DOB": "7/19/1931",
            "Email": (
                f"{MARK}0@plant.con", f"{MARK}1@example.org", f"{MARK}2@example.org", None,
            )[number],
            "State": f"{MARK}State",
            "Zipcode": f"{MARK}Zip",
            "HomePhone": "(509) 555-8807",
            "OtherPhone": "(509) 555-8807",
            "TreatmentsToDate": f"{MARK} not a number" if number == 3 else "88776611",
            "SpravatosToDate": "88776611",
            "FirstInitialConsult": f"{MARK} not a time" if number == 3 else "2026-01-05 10:00:00",
            "Started": f"{MARK} neither",
            "updated_at": "2026-10-01T00:00:00Z",
        }  # fmt: skip
        rows.append(row)
    return rows


def planted_rois() -> list[Row]:
    return [
        {
            "roi_id": roi_id,
            "TemplateID": 88776611,
            "TemplateName": f"{MARK}TemplateName",
            "PatientID": int(PLANTED_IDS[0]),
            "PatientChart": 88776611.0,
            "AcceptedDatetime": "2026-05-05T05:05:05",
            "CompletedDate": "2026-05-06",
            "Patient Name": f"{MARK}Signed Name",
            "DOB": f"{PLANTED_BIRTH}T00:00:00",
            "ProviderName": f"{MARK}Provider",
            "Specialty": f"{MARK}Specialty",
            "Email": f"{MARK}@provider.example.org",
            "Phone": "(509) 555-8807",
            "Fax": "(509) 555-8807",
            "updated_at": "2026-10-01T00:00:00Z",
        }
        for roi_id in PLANTED_ROIS
    ]


# ---------------------------------------------------------------- garbage

LONG = "x" * 100_000
CONTROLS = "".join(map(chr, [*range(1, 32), 127, 0x85, 0x2028, 0x2029, 0xFEFF]))
FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
INJECTIONS = (
    "Robert'); DROP TABLE etl.hubspot_id_map;--",
    "' or 1=1 --",
    '","amd_patient_id":"1","x":"',
    '"}]}',
    "\\",
    '\\"',
    "\\u0022},{",
    "`local-clinic.etl.reverse_etl_salt`",
    "{{ var('x') }}{% raw %}",
    "$(rm -rf /) `id` ${HOME}",
    "line one\nline two\r\nline three",
    "tab\tand\vmore",
)
CHART_TWINS = ("960001", "960002")
LEAP_DAY_PATIENT = "930001"
# A value of one column; all else is in order. The name says in one word what is wrong.
GARBAGE_VALUES: list[tuple[str, str, str | None]] = [
    ("leap day", "DOB", "02/29/1980"),
    ("long", "FirstName", LONG),
    ("long", "Address1", LONG),
    ("long", "Email", LONG + "@example.org"),
    ("long", "DOB", LONG),
    ("long", "TreatmentsToDate", "9" * 100_000),
    ("controls", "LastName", CONTROLS + "Smith"),
    ("controls", "City", CONTROLS),
    ("joiner", "FirstName", FAMILY),
    ("joiner", "Email", f"a{chr(0x200D)}b@example.org"),
    ("combining", "LastName", "Z" + "\N{COMBINING ACUTE ACCENT}" * 500),
    ("right to left", "FirstName", "\N{RIGHT-TO-LEFT OVERRIDE}moc.elpmaxe"),
    *(("injection", "FirstName", text) for text in INJECTIONS),
    *(("injection", "LastName", text) for text in INJECTIONS[:4]),
    ("injection", "Email", "a'--@example.org"),
    ("injection", "Email", '"a b"@example.org'),
    ("year 1", "DOB", "0001-01-01"),
    ("year 9999", "DOB", "9999-12-31"),
    ("30 February", "DOB", "02/30/1980"),
    ("30 February", "DOB", "1980-02-30"),
    ("year 0", "DOB", "0000-00-00"),
    ("words", "DOB", "sometime in May"),
    ("year 1", "FirstInitialConsult", "0001-01-01 00:00:00"),
    ("year 9999", "FirstInitialConsult", "9999-12-31 23:59:59"),
    ("30 February", "NextTreatment", "2026-02-30 10:00:00"),
    ("NaN", "TreatmentsToDate", "NaN"),
    ("infinite", "TreatmentsToDate", "-Infinity"),
    ("huge", "TreatmentsToDate", "1e400"),
    ("negative", "TreatmentsToDate", "-5"),
    ("negative", "FutureTreatmentCount", "-1.0"),
    ("other digits", "SpravatosToDate", "\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}"),
    ("words", "Active", "perhaps"),
    ("two", "Email", "one@example.org, two@example.org"),
    ("unicode", "Email", "ünï@exämple.org"),
    ("blank", "Email", " \t\N{NO-BREAK SPACE}"),
    ("words", "updated_at", "yesterday"),
    ("year 9999", "updated_at", "9999-12-31T23:59:59Z"),
    ("year 1", "updated_at", "0001-01-01T00:00:00Z"),
]  # fmt: skip
GARBAGE_KEYS = (
    "0", "-3", "1e5", "null", "NaN", "with blank", "with,comma", "with'quote", 'with"quote',
    "back\\slash", "new\nline", "<b>", FAMILY, "../../etc", "k" * 300, "{}", "930999.00",
)  # fmt: skip


def garbage_patients() -> list[Row]:
    rows = [
        _patient(str(930_001 + number), **{column: value})
        for number, (_, column, value) in enumerate(GARBAGE_VALUES)
    ]
    rows += [_patient(key) for key in GARBAGE_KEYS]
    # Nothing but a key; nothing at all; the same key written otherwise, with another value.
    rows += [{"ID": "940001"}, {}, _patient("940002"), _patient(" 940002.0 ", City="Elsewhere")]
    return rows


def _patient(patient_id: str, **changes: str | None) -> Row:
    mail = "".join(letter for letter in patient_id if letter.isalnum() and letter.isascii())
    return {
        "ID": patient_id,
        "Chart": "1",
        "FirstName": "Gary",
        "LastName": f"Bage{mail[:20]}",
        "DOB": "5/17/1966",
        "Email": f"gary{mail[:20]}@example.org",
        "City": "Troy",
        "State": "NY",
        "TreatmentsToDate": "3",
        "Started": "Y",
        "Active": "N",
        "updated_at": "2026-09-01T00:00:00Z",
        **changes,
    }


GARBAGE_ROIS: list[Row] = [
    {"TemplateName": LONG},
    {"ProviderName": LONG},
    {"ProviderName": CONTROLS},
    {"ProviderName": FAMILY},
    *({"Patient Name": text} for text in INJECTIONS),
    {"CompletedDate": "0001-01-01"},
    {"CompletedDate": "9999-12-31"},
    {"AcceptedDatetime": "0001-01-01T00:00:00"},
    {"AcceptedDatetime": "9999-12-31T23:59:59"},
    {"DOB": "0001-01-01T00:00:00"},
    {"PatientChart": -1.5},
    {"PatientID": -7},
    {"TemplateName": "\u200d"},
    {"TemplateName": None},
    {"Email": "not an address"},
    {"roi_id": -12},
    {"roi_id": 0},
    {"roi_id": None},
]


def garbage_rois() -> list[Row]:
    return [_roi(950_001 + number, **changes) for number, changes in enumerate(GARBAGE_ROIS)]


def _roi(number: int, **changes: Any) -> Row:
    return {
        "roi_id": number,
        "TemplateID": 31,
        "TemplateName": "Release of Information",
        "PatientID": 10_001,
        "PatientChart": 90_000.0,
        "AcceptedDatetime": "2026-05-05T05:05:05",
        "CompletedDate": "2026-05-06",
        "Patient Name": "Gary Bage",
        "DOB": "1966-05-17T00:00:00",
        "ProviderName": "Dr. Who",
        "updated_at": "2026-09-01T00:00:00Z",
        **changes,
    }


# ---------------------------------------------------------------- loading


def patient_rows() -> list[Row]:
    return [
        *as_text(SAMPLE.patient_rows(), PATIENT_SCHEMA),
        *(_patient(key, Email=None) for key in MAPPED_PATIENTS),
        # One's chart number is the other's patient id.
        *(
            _patient(key, Chart=other)
            for key, other in zip(CHART_TWINS, CHART_TWINS[::-1], strict=True)
        ),
        *garbage_patients(),
        *planted_patients(),
    ]


def roi_rows() -> list[Row]:
    return [
        *SAMPLE.roi_rows(),
        *(_roi(int(key), PatientChart=None) for key in MAPPED_ROIS),
        *garbage_rois(),
        *planted_rois(),
    ]


def load_sources(stack: LocalStack) -> None:
    """AdvancedMD's two tables, made anew."""
    load_rows(
        stack.bigquery, f"{stack.amd}.PatientsWithStatistics", text_schema(PATIENT_SCHEMA),
        patient_rows(),
    )  # fmt: skip
    load_rows(stack.bigquery, f"{stack.amd}.ROIs", ROI_SCHEMA, roi_rows())
    stack.query(
        f"update `{stack.amd}.ROIs` set PatientChart = cast('nan' as float64) where roi_id = 950003"
    )


def load_clinic(stack: LocalStack) -> None:
    """The source, the older control tables, and HubSpot as the clinic has them on the day it
    moves over."""
    fill(stack.bigquery, stack.hubspot, stack.gcp_project, SAMPLE, text=True)
    load_sources(stack)
    map_rows = []
    for object_type, keys, first in (
        ("contacts", MAPPED_PATIENTS, FIRST_MAPPED_CONTACT),
        ("p_roi", MAPPED_ROIS, FIRST_MAPPED_ROI),
    ):
        names = OLD_TYPES[object_type]
        records = []
        for number, key in enumerate(keys):
            map_rows.append(
                {
                    "hubspot_object_type": names[number % len(names)],
                    "natural_key": key if number % 2 else f"{key}.0",
                    "hubspot_id": str(first + number),
                    "updated_at": "2026-06-01T04:00:00Z",
                }
            )
            known = {"lastname": "As staff knew them", "primary_facility": "Closed long ago"}
            if object_type == "p_roi":
                known = {"roi_type": "As it was", "patient_chart": "88", "raw_provider_fax": "1"}
            records.append({"id": str(first + number), "properties": known})
        stack.hubspot.load(object_type, records, validate=False)
    append_rows(stack.bigquery, f"{stack.etl}.hubspot_id_map", OLD_ID_MAP_SCHEMA, map_rows)
    load_rows(
        stack.bigquery, f"{stack.etl}.reverse_etl_run_ledger", OLD_LEDGER_SCHEMA,
        [
            {
                "run_id": "old-run", "started_at": "2026-11-23T10:10:00Z",
                "finished_at": "2026-11-23T10:20:00Z", "job_type": "patients",
                "high_watermark": "2026-11-23T10:20:00Z", "read_count": 60, "updated_count": 1,
                "created_count": 2, "skipped_count": 3, "error_count": 54, "status": "success",
            }
        ],
    )  # fmt: skip
    load_rows(
        stack.bigquery, f"{stack.etl}.reverse_etl_dlq", OLD_DLQ_SCHEMA,
        [
            {
                "ts": "2026-11-23T10:15:00Z", "job_type": "patients", "natural_key": "910003.0",
                "hubspot_object_type": "contacts", "payload": f'{{"email":"{MARK}@example.org"}}',
                "error": f"Email address {MARK}@example.org is invalid", "attempt": 3,
            }
        ],
    )  # fmt: skip
    stack.hubspot.load(
        "contacts",
        [
            {"properties": {"email": f"{MARK}1@example.org", "firstname": f"{MARK}FirstName1"}},
            {
                "properties": {
                    "email": f"{MARK}other@example.org",
                    "firstname": f"{MARK}Somebody else",
                    "hs_additional_emails": f"{MARK}2@example.org",
                }
            },
        ],
    )
