"""Make the generated parts of the clients again: `python -m scripts.clients`."""

from .made import ROOT, made_files

for path, text in made_files().items():
    (ROOT / path).write_text(text, encoding="utf-8")
    print(path)
