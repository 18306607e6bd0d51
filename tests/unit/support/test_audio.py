from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.support.audio import SILENCE_DBFS, heard, tone, tones, write_wav

pytestmark = pytest.mark.unit


def test_a_tone_measures_at_its_own_level_and_not_elsewhere() -> None:
    levels = tones(tone(440, 1.0, level=0.5), 0, [440, 700])
    assert levels[440] == pytest.approx(-6.0, abs=0.1)
    assert levels[700] < -60


def test_channels_and_times_are_told_apart(tmp_path: Path) -> None:
    left = np.concatenate([tone(500, 1.0), tone(0, 1.0)])
    right = np.concatenate([tone(0, 1.0), tone(700, 1.0)])
    path = write_wav(tmp_path / "two.wav", np.stack([left, right], axis=1))
    assert heard(path, 0, 500, 0.1, 0.9)
    assert not heard(path, 0, 500, 1.1, 1.9)
    assert heard(path, 1, 700, 1.1, 1.9)
    assert not heard(path, 1, 500)


def test_nothing_measures_as_silence() -> None:
    assert tones(tone(500, 1.0), 0, [500], 5.0) == {500: SILENCE_DBFS}
