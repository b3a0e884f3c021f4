import errno
import os

import pytest
from see2sound_nodes.s2s_core.errors import OutputError
from see2sound_nodes.s2s_core.files import whole_file, whole_set


def test_a_file_arrives_whole_with_missing_folders_made(tmp_path):
    path = tmp_path / "a" / "b" / "sound.wav"
    with whole_file(path) as file:
        file.write(b"half")
        assert not path.exists()
        file.write(b" and half")
    assert path.read_bytes() == b"half and half" and os.listdir(path.parent) == ["sound.wav"]


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_nothing_is_left_and_the_old_file_stays_when_the_block_fails(tmp_path, stop):
    path = tmp_path / "sound.wav"
    path.write_bytes(b"old")
    with pytest.raises(stop), whole_file(path) as file:
        file.write(b"new")
        raise stop
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["sound.wav"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_refusal_says_what_to_do(tmp_path, number):
    with pytest.raises(OutputError, match=r"cannot write .*sound.wav: .*choose another output folder"):
        with whole_file(tmp_path / "sound.wav"):
            raise OSError(number, "as the system says it")
    assert not os.listdir(tmp_path)


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="is a file, not a folder"), whole_file(tmp_path / "out" / "sound.wav"):
        pass
    with pytest.raises(OutputError, match="is a file, not a folder"), whole_set(tmp_path / "out"):
        pass


def test_a_folder_in_the_way_keeps_the_whole_set_out(tmp_path):
    (tmp_path / "two").mkdir()
    with pytest.raises(OutputError, match="two: a folder of that name"), whole_set(tmp_path) as staging:
        (staging / "one").write_text("1")
        (staging / "two").write_text("2")
    assert os.listdir(tmp_path) == ["two"]


def test_folders_made_for_nothing_go_again(tmp_path):
    with pytest.raises(ValueError), whole_file(tmp_path / "a" / "b" / "sound.wav"):
        raise ValueError
    with pytest.raises(ValueError), whole_set(tmp_path / "a" / "b"):
        raise ValueError
    assert not os.listdir(tmp_path)


def test_messages_name_the_place_that_the_user_knows(tmp_path):
    with pytest.raises(OutputError) as error, whole_set(tmp_path) as staging, whole_file(staging / "sound.wav"):
        raise OSError(errno.ENOSPC, "no space")
    assert str(error.value).startswith(f"cannot write {tmp_path / 'sound.wav'}: the disk is full")


def test_a_set_arrives_together_or_not_at_all(tmp_path):
    with whole_set(tmp_path / "out") as staging:
        (staging / "one").write_text("1")
        (staging / "two").write_text("2")
        assert len(os.listdir(tmp_path / "out")) == 1
    assert sorted(os.listdir(tmp_path / "out")) == ["one", "two"]
    with pytest.raises(KeyboardInterrupt), whole_set(tmp_path / "out") as staging:
        (staging / "one").write_text("new")
        raise KeyboardInterrupt
    assert sorted(os.listdir(tmp_path / "out")) == ["one", "two"] and (tmp_path / "out" / "one").read_text() == "1"
