"""A stateful double of the part of Alipay's Open Platform that the product uses."""
