"""Offline packs: a part of the register in one self-contained page, worked on without network, brought back and merged.

`contents` says what a pack holds, `sealing` encrypts it, `merging` is the pure three-way merge, `bringing` applies an
upload and keeps what a person must decide.
"""
