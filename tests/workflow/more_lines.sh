# Ask how the agent is
curl https://agentmesh.run/v1/opencode/codebases/cb_abc123/status

# Interrupt the agent
curl -X POST https://agentmesh.run/v1/opencode/codebases/cb_abc123/interrupt

# Resume it with a message
curl -X POST https://agentmesh.run/v1/opencode/codebases/cb_abc123/message \
  -H "Content-Type: application/json" \
  -d '{"message": "Go on, but keep the names"}'

# Watch everything from the beginning
curl -N https://agentmesh.run/v1/opencode/codebases/cb_abc123/events?last_event_id=0
