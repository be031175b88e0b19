"""Training and judging the text model on files: what ``footfall text train``, ``evaluate`` and ``quality`` do.

``files``    texts with labels from csv, parquet and jsonl
``plot``     a confusion matrix as a picture
``quality``  how good training and the shipped model are, on public data
``show``     figures on the terminal
"""
