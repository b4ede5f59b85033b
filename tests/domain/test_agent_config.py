"""An agent's configuration is read in one place, from whatever was recorded."""

from collections.abc import Mapping

import pytest

from opencode_ledger.domain.agent_config import AgentConfig
from opencode_ledger.domain.codebase.state import INITIAL


@pytest.mark.parametrize(
    ("members", "config"),
    [
        ({}, AgentConfig()),
        ({"default_model": "p/m"}, AgentConfig(default_model="p/m")),
        ({"auto_approve": True}, AgentConfig(auto_approve=True)),
        ({"trusted": True}, AgentConfig(trusted=True)),
        ({"trusted": True, "auto_approve": False, "later": 1}, AgentConfig(trusted=True)),
        ({"default_model": None, "auto_approve": None, "trusted": None}, AgentConfig()),
        ({"default_model": 1, "auto_approve": "yes", "trusted": 1}, AgentConfig()),
        ({"default_model": ["p/m"], "auto_approve": [True], "trusted": {"trusted": True}}, AgentConfig()),
    ],
)
def test_only_a_plain_yes_counts(members: Mapping[str, object], config: AgentConfig) -> None:
    """Unknown members and values of other types count as absent: nothing but true gives trust."""
    assert AgentConfig.of(members) == config


def test_a_codebase_that_is_not_registered() -> None:
    """Without a registration an agent has no trust and no model of its own."""
    assert INITIAL.agent_config == AgentConfig()
