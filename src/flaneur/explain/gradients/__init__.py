"""A model in; the same network in torch, and maps that ask for its gradients, out. Needs the ``train`` extra."""
