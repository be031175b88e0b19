"""Fine-tuning the text model on texts with labels.

``examples``  texts with what is known of them
``split``     which texts are held out
``tokens``    texts as token ids, in batches of like length
``lower``     frozen layers, passed once
``losses``    what each head is to lessen
``schedule``  learning rates, by layer and step
``best``      the weights to keep, and when to stop
``recipe``    all that is to be chosen, with what is chosen
``loop``      the epochs
``predict``   what a model reads in texts
``metrics``   how good that is
``neighbours``  whether similar vectors are of texts about the same
``composed``  the examples that ship
``train``     from examples to a trained model with its figures
``card``      the page that goes with it
"""
