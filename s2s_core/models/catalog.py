"""The one table of weight files. Lists, downloads and missing-file messages read it; code never names a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WeightFile:
    """One file of weights as it is found in the wild.

    `folder` is the model kind (a ComfyUI model folder), `names` the names people have it under, best first; a name may
    hold a sub-folder. Exactly one of `url` (a direct address, which brings `names[0]`) and `hub` (repository, file)
    says where a download comes from; `size` in bytes, `sha256` and `md5` are those of that download, None where no
    public statement was found; `about_mb` says roughly how much it is then. `twins` are hub files with the same weights
    in another layout: a copy in the hub's cache counts as present. `also` are (size, sha256) of the same content as
    others distribute it under the published name. `licence` is the identifier, `licence_note` what it means in one
    line.
    """

    folder: str
    names: tuple[str, ...]
    size: int | None
    licence: str
    licence_note: str
    url: str | None = None
    hub: tuple[str, str] | None = None
    sha256: str | None = None
    md5: str | None = None
    about_mb: int = 0
    twins: tuple[tuple[str, str], ...] = ()
    also: tuple[tuple[int, str], ...] = ()

    @property
    def source(self) -> str:
        """Where it comes from, for people to read and to open in a browser."""
        return self.url or "https://huggingface.co/{}/resolve/main/{}".format(*self.hub)

    @property
    def megabytes(self) -> str:
        """The size in words, such as "375 MB"."""
        return f"{self.size / 1e6:.0f} MB" if self.size else f"about {self.about_mb} MB" if self.about_mb else "? MB"


APACHE = {"licence": "Apache-2.0", "licence_note": "free for any use, also commercial"}
MIT = {"licence": "MIT", "licence_note": "free for any use, also commercial"}
NON_COMMERCIAL = {"licence": "CC-BY-NC-4.0", "licence_note": "NON-COMMERCIAL use only"}
UNSETTLED = {
    "licence": "CC-BY-NC-4.0",
    "licence_note": "NON-COMMERCIAL to be safe: its page says Apache-2.0, what it was made from is CC-BY-NC-4.0",
}


def _sam(file: str, size: int, sha256: str, md5: str, hub: str) -> WeightFile:
    return WeightFile(
        folder="sams",
        names=(file, f"{hub}/model.safetensors"),
        size=size,
        url=f"https://dl.fbaipublicfiles.com/segment_anything/{file}",
        sha256=sha256,
        md5=md5,
        twins=((f"facebook/{hub}", "model.safetensors"),),
        **APACHE,
    )


def _sam2(size_name: str, size: int, sha256: str) -> WeightFile:
    file, hub = f"sam2.1_hiera_{size_name}", f"sam2.1-hiera-{size_name.replace('_', '-')}"
    return WeightFile(
        folder="sam2",
        names=(f"{file}.pt", f"{file}-fp16.safetensors", f"{hub}/model.safetensors"),
        size=size,
        url=f"https://dl.fbaipublicfiles.com/segment_anything_2/092824/{file}.pt",
        sha256=sha256,
        twins=((f"facebook/{hub}", f"{file}.pt"), (f"facebook/{hub}", "model.safetensors")),
        **APACHE,
    )


def _depth_v1(letter: str, size_name: str, about_mb: int, sha256: str | None) -> WeightFile:
    hub = f"depth-anything-{size_name}-hf"
    return WeightFile(
        folder="depthanything",
        names=(f"depth_anything_vit{letter}14.pth", f"{hub}/model.safetensors"),
        size=None,
        about_mb=about_mb,
        hub=(f"LiheYoung/{hub}", "model.safetensors"),
        sha256=sha256,
        **APACHE,
    )


def _depth_v2(letter: str, size_name: str, size: int, sha256: str, licence: dict[str, str]) -> WeightFile:
    file, hub = f"depth_anything_v2_vit{letter}", f"Depth-Anything-V2-{size_name}"
    return WeightFile(
        folder="depthanything",
        names=(f"{file}.pth", f"{file}_fp32.safetensors", f"{file}_fp16.safetensors", f"{hub}-hf/model.safetensors"),
        size=size,
        hub=(f"depth-anything/{hub}", f"{file}.pth"),
        sha256=sha256,
        twins=((f"depth-anything/{hub}-hf", "model.safetensors"),),
        **licence,
    )


def _metric(letter: str, size_name: str, place: str, size: int, sha256: str, licence: dict[str, str]) -> WeightFile:
    data, spelled = {"Indoor": ("hypersim", "Hypersim"), "Outdoor": ("vkitti", "VKITTI")}[place]
    file = f"depth_anything_v2_metric_{data}_vit{letter}"
    twin = f"Depth-Anything-V2-Metric-{place}-{size_name}-hf"
    return WeightFile(
        folder="depthanything",
        names=(f"{file}.pth", f"{file}_fp32.safetensors", f"{twin}/model.safetensors"),
        size=size,
        hub=(f"depth-anything/Depth-Anything-V2-Metric-{spelled}-{size_name}", f"{file}.pth"),
        sha256=sha256,
        twins=((f"depth-anything/{twin}", "model.safetensors"),),
        **licence,
    )


def _codi(file: str, size: int, sha256: str, folder: str = "") -> WeightFile:
    names = (f"codi{'-fp16' if folder else ''}/{file}", *(() if folder else (file,)))
    return WeightFile("see2sound", names, size, hub=("ZinengTang/CoDi", folder + file), sha256=sha256, **MIT)


def _tokenizer(file: str, size: int, sha256: str, also: tuple[tuple[int, str], ...] = ()) -> WeightFile:
    hub = "clip-vit-large-patch14"
    names = (file, f"{hub}/{file}")  # the first as ComfyUI's own copy, which the host knows where to find
    return WeightFile("clip_tokenizer", names, size, hub=(f"openai/{hub}", file), sha256=sha256, also=also, **MIT)


CATALOG: dict[str, WeightFile] = {
    "sam-vit-b": _sam(
        "sam_vit_b_01ec64.pth",
        375042383,
        "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
        "01ec64d29a2fca3f0661936605ae66f8",
        "sam-vit-base",
    ),
    "sam-vit-l": _sam(
        "sam_vit_l_0b3195.pth",
        1249524607,
        "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
        "0b3195507c641ddb6910d2bb5adee89c",
        "sam-vit-large",
    ),
    "sam-vit-h": _sam(
        "sam_vit_h_4b8939.pth",
        2564550879,
        "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
        "4b8939a88964f0f4ff5f5b2642c598a6",
        "sam-vit-huge",
    ),
    "sam2.1-tiny": _sam2("tiny", 156008466, "7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69"),
    "sam2.1-small": _sam2("small", 184416285, "6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38"),
    "sam2.1-base-plus": _sam2(
        "base_plus", 323606802, "a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5"
    ),
    "sam2.1-large": _sam2("large", 898083611, "2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318"),
    "depth-anything-v1-small": _depth_v1(
        "s", "small", 99, "7997c812d8964a741eec21e6816ec2db1e442b5109ea2e7db26dcb03c9060ef0"
    ),
    "depth-anything-v1-base": _depth_v1("b", "base", 390, None),
    "depth-anything-v1-large": _depth_v1(
        "l", "large", 1340, "bc27360a3e6906e5ddd8f618e2dcde11362327361918b8f76793e42e25de31b3"
    ),
    "depth-anything-v2-small": _depth_v2(
        "s", "Small", 99218434, "715fade13be8f229f8a70cc02066f656f2423a59effd0579197bbf57860e1378", APACHE
    ),
    "depth-anything-v2-base": _depth_v2(
        "b", "Base", 389961218, "0d2b7002e62d39d655571c371333340bd88f67ab95050c03591555aa05645328", NON_COMMERCIAL
    ),
    "depth-anything-v2-large": _depth_v2(
        "l", "Large", 1341395338, "a7ea19fa0ed99244e67b624c72b8580b7e9553043245905be58796a608eb9345", NON_COMMERCIAL
    ),
}
"""Name that people type -> file."""

METRIC = (
    ("Indoor", "s", "Small", 99222290, "b782898d8a3e8be1f639de33837ed85e9b4b73e40f8f5e5cd99067588d722545", APACHE),
    ("Indoor", "b", "Base", 389965138, "9dc9e274c5eff55c6daf27b660c0ced0eca4e8593a6da90cdcb04d2b4d3f3fa2", UNSETTLED),
    ("Indoor", "l", "Large", 1341401882, "6f82ff2bc543ac02ddff4aa31fa363676a8305dd3ccf04e80e2af115a044cb6d", UNSETTLED),
    ("Outdoor", "s", "Small", 99221808, "9203e538d35255c90dda4b7fedb47ff33fe725497bcca3b1e53b3a65ee63f0cb", APACHE),
    ("Outdoor", "b", "Base", 389964656, "4dad67a7cc10b462bca48e6b8569c762b8eb3c1adada170a3851a6d3ba37bb3e", UNSETTLED),
    (
        "Outdoor",
        "l",
        "Large",
        1341401064,
        "239b1054a369e66da2576e9a118d6d7c12d90dc8ebe609579a9a09cd8e05fe38",
        UNSETTLED,
    ),
)
CATALOG |= {
    f"depth-anything-v2-metric-{place}-{size_name}".lower(): _metric(letter, size_name, place, *rest)
    for place, letter, size_name, *rest in METRIC
}

# What the generator and the evaluation will need. Two of CoDi's four files suffice for sound.
CATALOG |= {
    "codi-encoders": _codi(
        "CoDi_encoders.pth", 6034016545, "c3b2a9bf9ce30472c7194d52de2dc14fe8e9e68abb365ec67957b3cc16f57591"
    ),
    "codi-audio": _codi(
        "CoDi_audio_diffuser_m.pth", 6906944181, "c01e10afc6a823f89e58f56990cb76602dcc1e24eac36ef824b4a9a4db52a6f0"
    ),
    "codi-encoders-fp16": _codi(
        "CoDi_encoders.pth",
        3017419057,
        "11f6145ae32743da89cf18e59d77bfc1d4cb9d003ce3f3eba92801e1782631f8",
        "checkpoints_fp16/",
    ),
    "codi-audio-fp16": _codi(
        "CoDi_audio_diffuser_m.pth",
        907848517,
        "ba09402eebf15d39861359b00064c15adca6f2b337c26f1d9a9045b6f270773f",
        "checkpoints_fp16/",
    ),
    "clip-vocabulary": _tokenizer(
        "vocab.json",
        961143,
        "3f0c4f7d2086b61b38487075278ea9ed04edb53a03cbb045b86c27190fa8fb69",
        also=((1059962, "e089ad92ba36837a0d31433e555c8f45fe601ab5c221d4f607ded32d9f7a4349"),),  # ComfyUI's own copy
    ),
    "clip-merges": _tokenizer("merges.txt", 524619, "9fd691f7c8039210e0fced15865466c65820d09b63988b0174bfe25de299051a"),
    "avitar": WeightFile(
        folder="see2sound",
        names=("avitar/pretrained-models.zip", "pretrained-models.zip"),  # read without unpacking what it has beside
        size=None,
        licence="CC-BY-NC-4.0",
        licence_note="NON-COMMERCIAL use only (the repository's; the weights state none of their own)",
        url="https://dl.fbaipublicfiles.com/vam/pretrained-models.zip",
    ),
}
