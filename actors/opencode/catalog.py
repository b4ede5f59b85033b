"""What an opencode server offers: models and kinds of agent, and the default model."""

from collections.abc import Sequence as Many
from dataclasses import dataclass
from difflib import get_close_matches

from ...domain.errors import AgentError
from ...domain.untrusted_json import fields, items, text

MODEL_NOT_FOUND = "MODEL_NOT_FOUND"
AGENT_NOT_FOUND = "AGENT_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class Model:
    """A model that agents can use. `id` is `provider/model`; `provider` is the provider's name for people."""

    id: str
    name: str
    provider: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """opencode's answers about providers, agents and configuration, as they came."""

    providers: object
    agents: object
    config: object

    def models(self) -> list[Model]:
        """All usable models, by provider as opencode lists them."""
        return models_of(self.providers)

    def default_model(self) -> str:
        """The configured model, else a Claude Sonnet, else the first provider's own default. Raises `AgentError`."""
        known = {model.id for model in self.models()}
        configured = text(fields(self.config).get("model"))
        if configured in known:
            return configured
        if found := self._sonnet() or self._provider_default():
            return found
        raise AgentError("opencode has no usable model: configure a provider and its key.", code=MODEL_NOT_FOUND)

    def check(self, model: str, agent: str) -> None:
        """Raise `AgentError` for a model or a kind of agent that isn't there: opencode would accept and then fail."""
        models = self.models()
        if all(known.id != model for known in models):
            raise AgentError(no_such_model(model, models), code=MODEL_NOT_FOUND)
        if all(fields(known).get("name") != agent for known in items(self.agents)):
            raise AgentError(f"opencode has no agent {agent!r}.", code=AGENT_NOT_FOUND)

    def _sonnet(self) -> str | None:
        found: list[tuple[bool, str, str]] = []
        for provider in items(fields(self.providers).get("providers")):
            name = text(fields(provider).get("id"))
            for model_id, model in fields(fields(provider).get("models")).items():
                if "claude" in model_id and "sonnet" in model_id:
                    found.append((name == "anthropic", text(fields(model).get("release_date")), f"{name}/{model_id}"))
        return max(found)[2] if found else None

    def _provider_default(self) -> str | None:
        defaults = fields(fields(self.providers).get("default"))
        named = (f"{provider}/{model}" for provider, model in defaults.items() if isinstance(model, str))
        return next(named, None)


def models_of(providers: object) -> list[Model]:
    """The models in opencode's list of providers."""
    found: list[Model] = []
    for provider in items(fields(providers).get("providers")):
        provider_id = text(fields(provider).get("id"))
        provider_name = text(fields(provider).get("name")) or provider_id
        for model_id, model in fields(fields(provider).get("models")).items():
            name = text(fields(model).get("name")) or model_id
            found.append(Model(id=f"{provider_id}/{model_id}", name=name, provider=provider_name))
    return found


def no_such_model(model: str, models: Many[Model]) -> str:
    """A sentence about a model that isn't there, with those whose names come near. Takes long for a long list."""
    if not models:
        return f"There is no model {model!r}, nor any other: configure a provider and its key."
    ids = [known.id for known in models]
    near = [known for known in ids if _bare(known) == _bare(model)] or get_close_matches(model, ids, 3, 0.5)
    said = f"; near it are {', '.join(near[:3])}" if near else ""
    return f"There is no model {model!r}{said}; GET /v1/opencode/models lists all {len(ids)}."


def _bare(model: str) -> str:
    """The model's name without its provider's."""
    return model.partition("/")[2]
