"""Toy nodes in the V1 contract, and a small canvas on which editor graphs are put together."""

from collections import Counter

import pytest


class Toys(dict):
    """Class name -> class, as the runner takes it; `ran` counts the calls of each class, `seen` keeps what they got."""

    def __init__(self):
        super().__init__()
        self.ran = Counter()
        self.seen = []
        self.stamp = 0
        for make in (_numbers, _pictures, _lists, _choices):
            for node in make(self):
                self[node.__name__] = node

    def got(self, node, **values):
        self.ran[node] += 1
        self.seen.append((node, values))


def _numbers(toys):
    class Number:
        RETURN_TYPES = ("INT",)
        FUNCTION = "execute"
        CATEGORY = "toys"

        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"value": ("INT", {"default": 3, "min": 0, "max": 10})}}

        @classmethod
        def execute(cls, value):
            toys.got("Number", value=value)
            return (value,)

    class Add:  # in ComfyUI's own style: an instance method, links by forceInput
        RETURN_TYPES = ("INT",)
        FUNCTION = "add_up"

        @classmethod
        def INPUT_TYPES(cls):
            return {
                "required": {"a": ("INT", {"forceInput": True})},
                "optional": {"b": ("INT", {"forceInput": True}), "scale": ("FLOAT", {"default": 1.0, "min": 0.0})},
            }

        def add_up(self, a, b=0, scale=1.0):
            toys.got("Add", a=a, b=b, scale=scale)
            return (int((a + b) * scale),)

    class Show:
        RETURN_TYPES = ()
        FUNCTION = "execute"
        OUTPUT_NODE = True

        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"number": ("INT", {"forceInput": True})}}

        @classmethod
        def execute(cls, number):
            toys.got("Show", number=number)
            return {"ui": {"value": [number]}}

    class Seeded:
        RETURN_TYPES = ("INT",)
        FUNCTION = "execute"

        @classmethod
        def INPUT_TYPES(cls):
            return {
                "required": {
                    "seed": ("INT", {"default": 0, "min": 0, "max": 2**64 - 1}),
                    "style": (["plain", "fixed", "fancy"],),
                },
                "optional": {"words": ("STRING", {"default": "none"}), "loud": ("BOOLEAN", {"default": False})},
                "hidden": {"me": "UNIQUE_ID", "prompt": "PROMPT", "extra": "EXTRA_PNGINFO"},
            }

        @classmethod
        def execute(cls, **values):
            toys.got("Seeded", **values)
            return (values["seed"],)

    return Number, Add, Show, Seeded


def _pictures(toys):
    class Picture:
        RETURN_TYPES = ("IMAGE", "MASK")
        FUNCTION = "execute"

        @classmethod
        def INPUT_TYPES(cls):
            return {
                "required": {"image": (["a.png", "b.png"], {"image_upload": True})},
                "optional": {"note": ("STRING", {"default": "x"})},
            }

        @classmethod
        def execute(cls, image, note="x"):
            toys.got("Picture", image=image, note=note)
            return (f"pixels of {image}", f"mask of {image}")

    class Paint:
        RETURN_TYPES = ("MASK", "IMAGE")
        FUNCTION = "execute"

        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"image": ("IMAGE",), "mask": ("MASK",)}, "optional": {"amount": ("FLOAT", {"max": 1})}}

        @classmethod
        def execute(cls, image, mask, amount=0.5):
            toys.got("Paint", image=image, mask=mask)
            return (f"painted {mask}", f"painted {image}")

    class ShowImage:
        RETURN_TYPES = ()
        FUNCTION = "execute"
        OUTPUT_NODE = True

        @classmethod
        def INPUT_TYPES(cls):
            return {
                "required": {"image": ("IMAGE",), "name": ("STRING", {"default": "out"})},
                "optional": {"also": ("IMAGE,MASK",), "tail": ("STRING", {"default": ""})},
            }

        @classmethod
        def execute(cls, **values):
            toys.got("ShowImage", **values)
            return {"ui": {"images": [values["image"]]}}

    return Picture, Paint, ShowImage


def _lists(toys):
    class Spread:
        RETURN_TYPES = ("INT", "INT")
        OUTPUT_IS_LIST = (True, False)
        FUNCTION = "execute"

        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"count": ("INT", {"default": 3})}}

        @classmethod
        def execute(cls, count):
            return (list(range(count)), count)

    class Gather:
        RETURN_TYPES = ("INT",)
        INPUT_IS_LIST = True
        FUNCTION = "execute"

        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"numbers": ("INT", {"forceInput": True}), "plus": ("INT", {"default": 0})}}

        @classmethod
        def VALIDATE_INPUTS(cls, plus):
            return plus == [0] or plus == [1] or "plus is 0 or 1"

        @classmethod
        def execute(cls, numbers, plus):
            toys.got("Gather", numbers=list(numbers), plus=plus)
            return (sum(numbers) + plus[0],)

    class Switch:
        RETURN_TYPES = ("INT",)
        FUNCTION = "execute"

        @classmethod
        def INPUT_TYPES(cls):
            lazy = ("INT", {"forceInput": True, "lazy": True})
            return {"required": {"on": ("BOOLEAN", {}), "yes": lazy}, "optional": {"no": lazy}}

        @classmethod
        def check_lazy_status(cls, on, yes=None, no=None):
            toys.ran["lazy"] += 1
            return ["yes"] if on else ["no"]

        @classmethod
        def execute(cls, on, yes=None, no=None):
            toys.got("Switch", yes=yes, no=no)
            return (yes if on else no,)

    return Spread, Gather, Switch


def _choices(toys):
    class Choosy:
        RETURN_TYPES = ("INT",)
        FUNCTION = "execute"

        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"file": (["listed"],), "size": ("INT", {"max": 5}), "any": ("IMAGE", {})}}

        @classmethod
        def VALIDATE_INPUTS(cls, file, input_types):
            return True if file in ("listed", "unlisted") else f"file {file} is not there"

        @classmethod
        def IS_CHANGED(cls, file, size, any):
            if size == 5:
                raise OSError("gone")
            return toys.stamp

        @classmethod
        def execute(cls, file, size, any):
            toys.got("Choosy", file=file)
            return (size,)

    class Fails:
        RETURN_TYPES = ("INT",)
        FUNCTION = "execute"
        error = ZeroDivisionError("of\nnumbers")

        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {}}

        @classmethod
        def execute(cls):
            raise cls.error

    class Returns:
        RETURN_TYPES = ("INT",)
        FUNCTION = "execute"
        value = (1,)

        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {}}

        @classmethod
        def execute(cls):
            return cls.value

    return Choosy, Fails, Returns


@pytest.fixture
def toys():
    return Toys()


class Canvas:
    """An editor graph in the making. `add` gives the node's id, `link` joins an output slot to an input by name."""

    def __init__(self):
        self.json = {"version": 0.4, "last_node_id": 0, "last_link_id": 0, "nodes": [], "links": []}

    def add(self, kind, *values, mode=0, title=None, inputs=(), outputs=()):
        node = {"id": len(self.json["nodes"]) + 1, "type": kind, "mode": mode, "widgets_values": list(values)}
        node["inputs"] = [{"name": name, "type": type_, "link": None} for name, type_ in inputs]
        node["outputs"] = [{"name": type_, "type": type_, "links": []} for type_ in outputs]
        if title:
            node["title"] = title
        self.json["nodes"].append(node)
        return node["id"]

    def link(self, origin, slot, target, name, type_):
        number = len(self.json["links"]) + 1
        inputs = self.json["nodes"][target - 1]["inputs"]
        if all(entry["name"] != name for entry in inputs):
            inputs.append({"name": name, "type": type_, "link": None})
        index = next(i for i, entry in enumerate(inputs) if entry["name"] == name)
        inputs[index]["link"] = number
        outputs = self.json["nodes"][origin - 1]["outputs"]
        while len(outputs) <= slot:
            outputs.append({"name": type_, "type": type_, "links": []})
        outputs[slot]["links"].append(number)
        self.json["links"].append([number, origin, slot, target, index, type_])
        return number


@pytest.fixture
def canvas():
    return Canvas()
