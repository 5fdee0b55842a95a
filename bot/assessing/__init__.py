"""Managers look at themselves: eighteen items, one prediction per stage, and the gap to what citizens say.

Inspired by the published abstract of Paskaleva and Cooper (2019). It is not their toolkit, whose content is not public.
"""
