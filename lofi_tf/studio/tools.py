"""All tools, by name."""

from lofi_tf.studio import tools_between, tools_change, tools_new, tools_sound, tools_track
from lofi_tf.studio.tool import Tool

_ROOMS = (tools_new, tools_change, tools_between, tools_track, tools_sound)
TOOLS: dict[str, Tool] = {tool.name: tool for room in _ROOMS for tool in room.TOOLS}
