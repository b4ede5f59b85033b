"""An agent's work that an auditor looks at: prompts, tools, an approval, an error, changed files, and hostile content."""

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
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
    await agent.compare_file("cart.py", DIFF)
    await agent.compare_file(HIDDEN, DIFF.replace("cart.py", HIDDEN))
    await agent.compare_file("logo.png")
    await agent.run_command(0.0, failed=True)
    await agent.leave_for("bash", {"command": LIE})
    await agent.spend({"input": 900, "output": 40}, 0.03)
    await agent.say("Done.")
