"""The cluster: Ray actors that hold engines, and the driver that keeps them busy.

The only package that imports ray.
"""
