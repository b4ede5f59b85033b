"""An agent's work that an auditor looks at: prompts, tools, an approval, an error, changed files, and hostile content."""

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.effects import Prompt

HOSTILE = "<script>document.title='owned'</script>"
HIDDEN = f"\u202e{HOSTILE.replace('/', '|')}.py"
LIE = "rm \u202egol.dlo\u202c /tmp/x"

DIFF = """--- a/cart.py
+++ b/cart.py
@@ -1,3 +1,4 @@
 def total(cart):
-    return sum(price for price, quantity in cart.values())
+    # Each price counts once for each piece.
+    return sum(price * quantity for price, quantity in cart.values())
 # The end.
"""


async def work(agent: ScriptedAgent, _prompt: Prompt) -> None:
    """Look, change two files, fail once, and ask for one command."""
    await agent.say("I'll look at the cart first.\n")
    call = await agent.begin_tool("read", {"filePath": "cart.py"})
    await agent.end_tool(call, "read", "def total(cart):")
    call = await agent.begin_tool("__proto__", {"__proto__": HOSTILE, "filePath": "clear"})
    await agent.end_tool(call, "__proto__", HOSTILE)
    await agent.change_file("cart.py", "modify")
    await agent.change_file(HIDDEN)
    await agent.change_file("logo.png")
    await compare_file(agent, "cart.py", DIFF)
    await compare_file(agent, HIDDEN, DIFF.replace("cart.py", HIDDEN))
    await compare_file(agent, "logo.png")
    await agent.run_command(0.0, failed=True)
    await agent.leave_for("bash", {"command": LIE})
    await agent.spend({"input": 900, "output": 40}, 0.03)
    await agent.say("Done.")


async def compare_file(agent: ScriptedAgent, path: str, diff: str = "") -> None:
    """Say what a prompt's work did to a file in the end. Without a difference, the file has no lines."""
    if run := agent.run:
        signs = [line[:1] for line in diff.splitlines() if not line.startswith(("+++", "---"))]
        await agent.report(
            f.FileCompared(
                session_id=run.session,
                action="modify",
                path=path,
                additions=signs.count("+"),
                deletions=signs.count("-"),
                diff=diff or None,
                missing=None if diff else "binary_or_empty",
            )
        )
