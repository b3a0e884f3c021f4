"""ComfyUI-See2Sound: a picture goes in, the surround sound of being there comes out.

ComfyUI loads this folder under a name made from its path; everything else knows it as `see2sound_nodes`.
"""

if __package__:  # pytest collects this file as a nameless module, where a relative import cannot work
    from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

    WEB_DIRECTORY = "./nodes/web"

    __all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS", "WEB_DIRECTORY"]
