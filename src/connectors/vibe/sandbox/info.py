"""What ``GET /api/info`` of the sandbox tells: the recorded answer of 0.0.71, with one agent profile."""

from typing import Any

INFO: dict[str, Any] = {
    "config": {
        "config_version": "v6",
        "theme": "SYSTEM",
        "executor_profile": {"executor": "CLAUDE_CODE"},
        "disclaimer_acknowledged": False,
        "onboarding_acknowledged": False,
        "github_login_acknowledged": False,
        "telemetry_acknowledged": False,
        "notifications": {"sound_enabled": True, "push_enabled": True, "sound_file": "COW_MOOING"},
        "editor": {"editor_type": "VS_CODE", "custom_command": None},
        "github": {
            "pat": None,
            "oauth_token": None,
            "username": None,
            "primary_email": None,
            "default_pr_base": "main",
        },
        "analytics_enabled": None,
        "workspace_dir": None,
        "last_app_version": "0.0.71",
        "show_release_notes": False,
    },
    "executors": {"CLAUDE_CODE": {"DEFAULT": {"CLAUDE_CODE": {"dangerously_skip_permissions": True}}}},
    "environment": {
        "os_type": "Sandbox",
        "os_version": "0",
        "os_architecture": "none",
        "bitness": "64-bit",
    },
}
