"""The interactive console: what reads lines with prompt_toolkit, and shows what happens meanwhile."""
