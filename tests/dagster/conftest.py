"""What several suites of this folder share."""

import pytest
from recommending_line import Home, planted


@pytest.fixture(scope="session")
def recommended(tmp_path_factory):
    """A home whose line has run on planted groups; only to be read and copied."""
    found = Home(tmp_path_factory.mktemp("recommended"), planted())
    found.run()
    yield found
    found.lake.close()
