"""Texts of which some are copies of others, for tests of the whole step."""

import pytest

from tests.dedup.job_runs import make_texts


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return make_texts()
