"""Reading review texts: one pass of a BERT encoder that several heads share.

``heads``       what is read off a text: a registry
``model``       the encoder with its heads
``encoders``    BERT-like encoders, by folder or name
``lora``        low-rank changes to an encoder
``checkpoint``  models in folders: whole, or as an adapter of another one
``scores``      what comes out, as columns
``engine``      batches of any texts through the model, whatever they are like; of its parts
                ``tokens`` makes ids of texts, ``packing`` batches, ``stages`` threads and ``window`` what they work on,
                ``reading`` finds the texts that a batch fails by, ``cache`` keeps scores, ``figures`` counts
``forward``     batches of ids to columns, on a device and in a precision
``precision``   the choice of these
``packed_bert`` a BERT for the CPU without padding, of ``linears`` and ``packed_attention``

Nothing here is imported by the scoring workers, so they need no torch.
"""
