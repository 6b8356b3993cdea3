"""All tools, by name."""

from lofi_tf.studio import tools_new
from lofi_tf.studio.tool import Tool

TOOLS: dict[str, Tool] = {tool.name: tool for tool in (*tools_new.TOOLS,)}
