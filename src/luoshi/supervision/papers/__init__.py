"""Papers an office must issue, as one model with three writers: docx in the layout of GB/T 9704-2012, xlsx and pdf.

`model` is the paper as data; `word`, `sheet` and `pdf` write it, byte for byte the same for the same paper; `template`
reads what the office may edit; `contents` is where other parts of the house register what fills a kind of paper. The
standard's measures stand in `layout`. Words: a *mark* is the small number behind a figure in the text, an *entry* the
line of the index of evidence it leads to.
"""
