module mcp-platform.dev/testbed

go 1.26.0
