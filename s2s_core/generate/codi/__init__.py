"""CoDi (arXiv 2305.11846), the paper's generator: a picture, a video or words become 10 seconds of sound.

Rebuilt of stock networks from the published files, of which sound needs an eighth:

    files.py, keys.py, convert.py    whatever files people have -> each network's tensors
    clip.py, temporal.py             pictures, videos, words -> one token
    unet.py                          token and noisy latent -> the noise in it
    vae.py, vocoder.py               latent -> log-mel spectrogram -> waveform
"""
