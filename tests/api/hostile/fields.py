"""JSON objects with wrong fields: of the wrong type, unknown, empty, too long, or leading out of the codebase."""

from typing import Any

from .rows import Hostile, change, post, register, trigger

WRONG_IN_TASKS: dict[str, list[Any]] = {
    "priority": ["1", 1.5, True, None, 1_000_001, -(10**18)],
    "agent_type": ["builder", "", 1],
    "agent": ["build"],
    "model": ["sonnet"],
    "metadata": [[]],
    "files": [["../outside"], ["missing.py"]],
}

TRIGGERS = (
    trigger("nothing in it", {}),
    trigger("a number for a string", {"prompt": 5}),
    trigger("null for a string", {"prompt": None}),
    trigger("a list for a string", {"prompt": ["x"]}),
    trigger("an empty prompt", {"prompt": ""}),
    trigger("a blank prompt", {"prompt": " \n\t"}),
    trigger("a long prompt", {"prompt": "x" * 500_001}),
    trigger("an unknown field", {"prompt": "x", "promt": "y"}),
    trigger("a field of tasks", {"prompt": "x", "priority": 1}),
    trigger("a name of Python's", {"prompt": "x", "__class__": "y"}),
    trigger("an agent that there isn't", {"prompt": "x", "agent": "builder"}),
    trigger("an agent in capitals", {"prompt": "x", "agent": "Build"}),
    trigger("an empty agent", {"prompt": "x", "agent": ""}),
    trigger("null for the agent", {"prompt": "x", "agent": None}),
    trigger("a model without a provider", {"prompt": "x", "model": "claude"}),
    trigger("a model with an empty provider", {"prompt": "x", "model": "/claude"}),
    trigger("a provider without a model", {"prompt": "x", "model": "anthropic/"}),
    trigger("a model with a blank", {"prompt": "x", "model": "an thropic/claude"}),
    trigger("a model with a line break", {"prompt": "x", "model": "anthropic/claude\n"}),
    trigger("a number for the model", {"prompt": "x", "model": 1}),
    trigger("a long model", {"prompt": "x", "model": "a/" + "b" * 300}),
    trigger("metadata that is a string", {"prompt": "x", "metadata": "high"}),
    trigger("metadata that is an array", {"prompt": "x", "metadata": []}),
)


def files(name: str, *listed: Any) -> Hostile:
    return trigger(f"files: {name}", {"prompt": "x", "files": list(listed)})


FILES = (
    trigger("files: a string", {"prompt": "x", "files": "src"}),
    files("a number", 1),
    files("an empty name", ""),
    files("one that isn't there", "missing.py"),
    files("up and out", "../outside"),
    files("down, up and out", "inside/../../outside"),
    files("up and in again", "../idle/../outside"),
    files("from the root", "/etc/passwd"),
    files("a home", "~/outside"),
    files("a link out", "link-out"),
    files("through a link out", "link-out/passwd"),
    files("a link to a link out", "link-to-link"),
    files("a loop of links", "loop"),
    files("the codebase itself", "."),
    files("by way of /proc", "../../../../../../../proc/self/environ"),
    files("NUL", "file.py\0.txt"),
    files("percent-encoded", "%2e%2e/outside"),
    files("backslashes", "..\\outside"),
    files("wide dots", "．．/outside"),
    files("a long path", "a" * 5000),
    files("a long name", "a" * 300),
    files("too many", *["file.py"] * 101),
)

COMMANDS = (
    post("message: nothing in it", "/{busy}/message", {}),
    post("message: empty", "/{busy}/message", {"message": ""}),
    post("message: a number", "/{busy}/message", {"message": 1}),
    post("message: too long", "/{busy}/message", {"message": "x" * 500_001}),
    post("message: a trigger's field", "/{busy}/message", {"message": "x", "prompt": "x"}),
    post("message: an unknown agent", "/{busy}/message", {"message": "x", "agent": "nobody"}),
    post("message: no model", "/{busy}/message", {"message": "x", "model": "nothing"}),
    post("interrupt: a reason", "/{busy}/interrupt", {"reason": "x"}),
    post("interrupt: an array", "/{busy}/interrupt", [1]),
    post("stop: by force", "/{busy}/stop", {"force": True}),
    post("permission: no reply", "/{busy}/permissions/perm_1", {}),
    post("permission: yes", "/{busy}/permissions/perm_1", {"reply": "yes"}),
    post("permission: a number", "/{busy}/permissions/perm_1", {"reply": "once", "message": 1}),
    post(
        "permission: one that nobody asked",
        "/{busy}/permissions/perm_1",
        {"reply": "once"},
        404,
        "permission_not_found",
    ),
    post("trigger while it runs", "/{busy}/trigger", {"prompt": "x"}, 409, "agent_already_running"),
    post("message to nobody", "/{idle}/message", {"message": "x"}, 409, "no_active_session"),
    post("interrupt of nothing", "/{idle}/interrupt", {}, 409, "no_active_session"),
    post("stop of nothing", "/{idle}/stop", {}, 409, "no_active_session"),
)

TASKS = (
    *(
        post(f"task: {missing}", "/{idle}/tasks", body)
        for missing, body in (
            ("nothing in it", {}),
            ("no prompt", {"title": "x"}),
            ("no title", {"prompt": "x"}),
            ("an empty title", {"title": "", "prompt": "x"}),
            ("a long title", {"title": "x" * 201, "prompt": "x"}),
            ("a blank prompt", {"title": "x", "prompt": " \n"}),
        )
    ),
    *(
        post(f"task: {name} {value!r}", "/{idle}/tasks", {"title": "x", "prompt": "x", name: value})
        for name, values in WRONG_IN_TASKS.items()
        for value in values
    ),
)

REGISTRATIONS = (
    register("no name", {"name": None}),
    register("empty name", {"name": ""}),
    register("blank name", {"name": "  "}),
    register("long name", {"name": "x" * 201}),
    register("no path", {"path": None}),
    register("empty path", {"path": ""}),
    register("relative path", {"path": "idle"}),
    register("relative to here", {"path": "./idle"}),
    register("a home", {"path": "~"}),
    register("missing", {"path": "/nowhere/at/all"}),
    register("a file", {"path": "/etc/passwd"}),
    register("under a file", {"path": "/etc/passwd/x"}),
    register("NUL in the path", {"path": "{home}/free\0"}),
    register("a loop of links", {"path": "{home}/idle/loop"}),
    register("a long path", {"path": "/" + "x" * 5000}),
    register("a path of long names", {"path": "/" + "x" * 300}),
    register("a URL", {"path": "file:///tmp"}),
    register("a number as description", {"description": 1}),
    register("a long description", {"description": "x" * 10_001}),
    register("configuration that is no object", {"agent_config": []}),
    register("unknown configuration", {"agent_config": {"auto_aprove": True}}),
    register("text for a truth", {"agent_config": {"auto_approve": "false"}}),
    register("a number for a truth", {"agent_config": {"trusted": 1}}),
    register("a default model without a provider", {"agent_config": {"default_model": "sonnet"}}),
    register("an unknown field", {"worker": "worker-1"}),
    *(
        register(f"where the log is: {path}", {"path": path}, 403, "directory_holds_data")
        for path in ("{data}", "{data}/", "{data}/inside", "{data}/..", "{home}/..", "/", "{home}/link-to-data")
    ),
)

CHANGES = (
    change("no change", {}),
    change("nulls alone", {"name": None, "description": None, "agent_config": None}),
    change("a change that is a list", [{"name": "x"}]),
    change("a change that is no JSON", b"name=x"),
    change("another directory", {"path": "{home}/free"}),
    change("another directory beside a name", {"name": "x", "path": "{home}/free"}),
    change("another worker", {"worker_id": "worker-2"}),
    change("another id", {"id": "cb_other", "name": "x"}),
    change("a number as name", {"name": 1}),
    change("an empty new name", {"name": ""}),
    change("a blank new name", {"name": " \t"}),
    change("a long new name", {"name": "x" * 201}),
    change("a list as description", {"description": []}),
    change("a long new description", {"description": "x" * 10_001}),
    change("configuration that is a text", {"agent_config": "trusted"}),
    change("configuration of an unknown kind", {"agent_config": {"sandbox": True}}),
    change("a text for trust", {"agent_config": {"trusted": "true"}}),
    change("a number for trust", {"agent_config": {"trusted": 1}}),
    change("a model without its provider", {"agent_config": {"default_model": "sonnet"}}),
    change("a good change beside a bad one", {"name": "x", "agent_config": {"auto_approve": 0}}),
)

FIELDS: tuple[Hostile, ...] = TRIGGERS + FILES + COMMANDS + TASKS + REGISTRATIONS + CHANGES
