"""The project as dbt compiles it for a given source, judged by Google's analyser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from zetasql import types

from tests.analyzer.googlesql import GoogleSql, SqlError, output_columns
from tests.analyzer.local_dbt import LocalDbt
from tests.analyzer.replay import judge_procedure

TEXT = "string"

PATIENT_COLUMNS = {
    "ID": "numeric",
    "Chart": "float64",
    "FirstName": TEXT,
    "LastName": TEXT,
    "DOB": "date",
    "Gender": TEXT,
    "Email": TEXT,
    "Address1": TEXT,
    "Address2": TEXT,
    "City": TEXT,
    "State": TEXT,
    "Zipcode": TEXT,
    "HomePhone": TEXT,
    "SpravatosToDate": "int64",
    "KetaminesToDate": "numeric",
    "TreatmentsToDate": "float64",
    "FutureTreatmentCount": "int64",
    "FutureFollowUpCount": "int64",
    "PrimaryFacility": TEXT,
    "PrimaryFacilityCode": TEXT,
    "FirstInitialConsult": "datetime",
    "Started": "bool",
    "Active": "int64",
}
ROI_COLUMNS = {
    "roi_id": "numeric",
    "TemplateID": "int64",
    "TemplateName": TEXT,
    "PatientID": "float64",
    "PatientChart": "numeric",
    "AcceptedDatetime": "datetime",
    "CompletedDate": "date",
    "Patient Name": TEXT,
    "DOB": "date",
    "ProviderName": TEXT,
    "Specialty": TEXT,
    "Email": TEXT,
    "Phone": TEXT,
    "Fax": TEXT,
}
OPTIONAL_PATIENT_COLUMNS = {
    "PreferredFirstName": TEXT,
    "MiddleName": TEXT,
    "OtherPhone": TEXT,
    "NextTreatment": "datetime",
    "NextFollowUp": "date",
    "CareType": TEXT,
}
OPTIONAL_ROI_COLUMNS = {
    "ProcessingStatus": TEXT,
    "processing_datetime": "timestamp",
    "roi_manual_override": "bool",
}


@dataclass(frozen=True)
class Variant:
    """A shape of the source that a clinic may have."""

    name: str
    patients: Mapping[str, str]
    rois: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    is_full_refresh: bool = False


def _all_text(columns: Mapping[str, str]) -> dict[str, str]:
    return {name.replace(" ", "_"): TEXT for name in columns}


VARIANTS = (
    Variant(
        "typed_with_all_columns",
        {**PATIENT_COLUMNS, **OPTIONAL_PATIENT_COLUMNS, "updated_at": "timestamp"},
        {**ROI_COLUMNS, **OPTIONAL_ROI_COLUMNS, "updated_at": "datetime"},
    ),
    Variant(
        "first_build",
        {**PATIENT_COLUMNS, "updated_at": "date", "_fivetran_deleted": "bool"},
        {**ROI_COLUMNS, "updated_at": TEXT, "is_deleted": "int64", "deleted_at": "timestamp"},
        is_full_refresh=True,
    ),
    Variant(
        "all_text",
        _all_text(
            {**PATIENT_COLUMNS, **OPTIONAL_PATIENT_COLUMNS, "updated_at": TEXT, "__deleted": TEXT}
        ),
        _all_text({**ROI_COLUMNS, **OPTIONAL_ROI_COLUMNS, "updated_at": TEXT, "DeletedOn": TEXT}),
    ),
    Variant(
        "other_types_without_updated_at",
        {
            **PATIENT_COLUMNS,
            "ID": "float64",
            "Chart": "int64",
            "DOB": "timestamp",
            "Zipcode": "int64",
            "HomePhone": "numeric",
            "FirstInitialConsult": "timestamp",
            "Started": TEXT,
            "Active": "bool",
            "_ab_cdc_deleted_at": "datetime",
            "deleted_flag": "float64",
        },
        {
            **ROI_COLUMNS,
            "roi_id": TEXT,
            "AcceptedDatetime": "timestamp",
            "CompletedDate": "timestamp",
            "DOB": "datetime",
            "roi_manual_override": TEXT,
            "removed_on": "date",
        },
        {"ROI_DELETED_COL": "removed_on", "PATIENT_UPDATED_AT_COL": "", "ROI_UPDATED_AT_COL": ""},
    ),
)


@dataclass
class Judged:
    """What the analyser made of one compilation."""

    google: GoogleSql
    nodes: dict[str, Any] = field(default_factory=dict)
    statements: dict[str, types.ResolvedStatement] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def model(self, name: str) -> Any:
        return self.nodes[f"model.reverse_etl.{name}"]


class Project:
    """An empty warehouse, in which every variant of the source stands side by side."""

    def __init__(self, dbt: LocalDbt, google: GoogleSql) -> None:
        self._dbt = dbt
        self._google = google
        self._judged: dict[str, Judged] = {}
        for variant in VARIANTS:
            for entity, columns in (("patients", variant.patients), ("rois", variant.rois)):
                listed = ", ".join(f"`{name}` {kind}" for name, kind in columns.items())
                dbt.query(f"create table amd.{variant.name}_{entity} ({listed})")
        settings = self._settings(VARIANTS[0])
        dbt("seed", settings=settings)
        # Seeds, and the control tables that the hooks have made; no model is there yet.
        for table, columns in self._tables("etl").items():
            google.add_table(f"etl.{table}", columns)
        for table, columns in self._tables("amd").items():
            google.add_table(f"amd.{table}", columns)
        # An incremental model compiles to its MERGE form only where its table is.
        incremental = "config.materialized:incremental"
        dbt("run", "--empty", "--select", f"+{incremental}", settings=settings)
        self._existing = {
            f"etl.{table}": columns
            for table, columns in self._tables("etl").items()
            if not google.has_table(f"etl.{table}")
        }

    def judged(self, variant: Variant) -> Judged:
        if variant.name not in self._judged:
            self._judged[variant.name] = self._judge(variant)
        return self._judged[variant.name]

    def run_unit_tests(self) -> list[Any]:
        """Results of dbt's unit tests, which need every relation to exist, if empty."""
        settings = self._settings(VARIANTS[0])
        self._dbt("run", "--empty", settings=settings)
        return list(self._dbt("test", "--selector", "unit_tests", settings=settings).results)

    def _judge(self, variant: Variant) -> Judged:
        judged = Judged(self._google.copy())
        for path, columns in self._existing.items():
            judged.google.add_table(path, columns)
        arguments = ["compile"]
        if variant.is_full_refresh:
            arguments.append("--full-refresh")
        results = self._dbt(*arguments, settings=self._settings(variant)).results
        nodes = {
            result.node.unique_id: result.node
            for result in results
            if result.node.resource_type in ("model", "test")
        }
        order = TopologicalSorter(
            {name: set(node.depends_on.nodes) for name, node in nodes.items()}
        ).static_order()
        judged.nodes = {name: nodes[name] for name in order if name in nodes}
        for name, node in judged.nodes.items():
            try:
                self._judge_node(judged, name, node)
            except SqlError as error:
                judged.refused.append(f"{name}: {error}")
        return judged

    @staticmethod
    def _judge_node(judged: Judged, name: str, node: Any) -> None:
        if node.config.materialized == "procedure":
            judge_procedure(
                judged.google,
                node.relation_name or f"{node.database}.{node.schema}.{node.name}",
                ", ".join(node.config.meta["arguments"]),
                node.compiled_code,
            )
            return
        statement = judged.google.analyze(node.compiled_code)
        judged.statements[name] = statement
        if node.resource_type == "model":
            judged.google.add_table(node.relation_name, output_columns(statement))

    def _settings(self, variant: Variant) -> dict[str, str]:
        project = self._dbt.emulator.project
        return {
            "BIGQUERY_PATIENT_TABLE": f"{project}.amd.{variant.name}_patients",
            "BIGQUERY_ROI_TABLE": f"{project}.amd.{variant.name}_rois",
            **variant.settings,
        }

    def _tables(self, dataset: str) -> dict[str, list[tuple[str, str]]]:
        tables: dict[str, list[tuple[str, str]]] = {}
        rows = self._dbt.query(
            "select table_name, column_name, data_type, ordinal_position"
            f" from {dataset}.INFORMATION_SCHEMA.COLUMNS"
        )
        for row in sorted(rows, key=lambda row: row["ordinal_position"]):
            column = (row["column_name"], row["data_type"])
            tables.setdefault(row["table_name"], []).append(column)
        return tables
