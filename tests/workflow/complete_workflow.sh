# 1. Check status
curl https://agentmesh.run/v1/opencode/status

# 2. Register a codebase
curl -X POST https://agentmesh.run/v1/opencode/codebases \
  -H "Content-Type: application/json" \
  -d '{
    "name": "my-app",
    "path": "/home/user/my-app",
    "description": "My application"
  }'

# 3. List available models
curl https://agentmesh.run/v1/opencode/models

# 4. Trigger an agent
curl -X POST https://agentmesh.run/v1/opencode/codebases/cb_abc123/trigger \
  -H "Content-Type: application/json" \
  -d '{
    "prompt": "Refactor the database module to use async/await",
    "agent": "build",
    "model": "anthropic/claude-sonnet-4-20250514"
  }'

# 5. Watch events (in another terminal)
curl -N https://agentmesh.run/v1/opencode/codebases/cb_abc123/events

# 6. Send follow-up message
curl -X POST https://agentmesh.run/v1/opencode/codebases/cb_abc123/message \
  -H "Content-Type: application/json" \
  -d '{"message": "Also add type hints"}'

# 7. Stop the agent
curl -X POST https://agentmesh.run/v1/opencode/codebases/cb_abc123/stop
