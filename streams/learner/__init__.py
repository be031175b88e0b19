"""The learner: due predictions with their labels into the next snapshot of a model, each learnt exactly once.

``source``   what a source of labels gives
``told``     labels that came on the labels topic: chargebacks, analysts' verdicts
``silence``  churn that shows by itself: no event within the horizon
``learnt``   which examples a model has learnt, and writing it down
``rounds``   one round: gather, learn, write
``cases``    what became of the labels
``metrics``  how good a model was, by day

One process learns a model at a time; who, is decided elsewhere. Two at once lose nothing of what is in the latest
snapshot, but one of them will have worked in vain.
"""
