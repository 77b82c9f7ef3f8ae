"""Google's analyser accepts every compiled model and test, whatever the source looks like.

A model's SQL follows the columns that its source has and their types, so that one compilation
proves little: each variant of the source compiles the project anew.
"""

from __future__ import annotations

import pytest

from tests.analyzer.compiled import VARIANTS, Project, Variant


@pytest.mark.parametrize("variant", VARIANTS, ids=[variant.name for variant in VARIANTS])
def test_google_accepts_every_model(project: Project, variant: Variant) -> None:
    """Types included, with each model's columns fed to the next."""
    judged = project.judged(variant)

    assert not judged.refused, "\n\n".join(judged.refused)
    assert len(judged.statements) > 40
