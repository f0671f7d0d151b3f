"""One file a provider: the contract suite finds it by its being here."""
