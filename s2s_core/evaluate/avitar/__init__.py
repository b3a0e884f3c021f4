"""AViTAR (arXiv 2202.06875): a sound as it would be in the place that a picture shows; the paper's way to judge one.

Built anew from a description of the network; its weights are for non-commercial use.

    files.py, keys.py, config.py             the published archive -> tensors, and how large the network is
    prepare.py, trunk.py                     a picture -> 15 tokens
    waves.py, conformer.py, network.py       a dry sound and those tokens -> the sound in that place
    dereverb.py, noise.py                    what the network is given for a dry sound
    chunks.py, pair.py, matcher.py           any sound through all of it
    loaded.py                                which files and sizes those were, for a report
    guess.py                                 a stand-in without weights
    settings.py, match.py                    what is asked for, and the door
"""
