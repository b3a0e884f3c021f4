import pytest
from see2sound_nodes.s2s_core.errors import DependencyError
from see2sound_nodes.s2s_core.models import libraries


@pytest.fixture
def broken(monkeypatch):
    """Makes imports of some modules fail; `broken["name"] = error`."""
    errors, real = {}, libraries.import_module

    def fake(name):
        if name in errors:
            raise errors[name]
        return real(name)

    monkeypatch.setattr(libraries, "import_module", fake)
    return errors


def test_what_fits_is_imported():
    assert libraries.need("json", "anything", "a test").__name__ == "json"
    assert libraries.need("numpy", "numpy>=1.2", "a test").__name__ == "numpy"


def test_what_is_missing_says_what_to_install(broken):
    broken["diffusers"] = ModuleNotFoundError("No module named 'diffusers'", name="diffusers")
    with pytest.raises(DependencyError, match=r"CoDi needs diffusers \(No module.*\): pip install 'diffusers>=0.1'"):
        libraries.need("diffusers", "diffusers>=0.1", "CoDi")


def test_what_is_too_old_is_never_imported(broken, monkeypatch):
    broken["transformers"] = AssertionError("imported")
    monkeypatch.setattr(libraries, "version", lambda package: "4.40.2")
    with pytest.raises(DependencyError, match="Depth needs transformers 4.50 or later; found 4.40.2: pip install -U"):
        libraries.need("transformers", "transformers>=4.50", "Depth")


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("operator torchvision::nms does not exist"),
        ImportError("libtorch_cuda.so: undefined symbol: _ZN2at"),
        OSError("cannot load _C.so"),
        AttributeError("partially initialized module 'torchvision' has no attribute 'extension'"),
        ModuleNotFoundError("No module named 'torchvision'", name="torchvision"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("library", ["segment_anything", "transformers.models.depth_anything"])
def test_a_torchvision_that_does_not_fit_is_told_however_it_fails(broken, library, error):
    broken[library] = broken["torchvision.ops"] = error
    with pytest.raises(DependencyError) as told:
        libraries.need(library, library, "a model")
    assert "does not fit torch" in str(told.value) and "pip install torch==" in str(told.value)
    assert "\n" not in str(told.value)


def test_another_failure_is_not_blamed_on_torchvision(broken):
    broken["transformers"] = ImportError("cannot import name 'x'")
    with pytest.raises(DependencyError, match=r"a model needs transformers \(cannot import name 'x'\)"):
        libraries.need("transformers", "transformers", "a model")


@pytest.mark.parametrize(
    ("text", "numbers"), [("4.56.2", [4, 56, 2]), ("0.29.1+cu130", [0, 29, 1]), ("5.0rc1", [5, 0])]
)
def test_versions(text, numbers):
    assert libraries._numbers(text) == numbers
