"""The resident's own door (我的健康档案): sign in, read the record in plain words, open and hide categories, see who looked,
dispute an entry, let institutions in.

Serves 居民电子健康档案向个人开放 (档案开放率). Words: an *account* is a resident's sign-in, bound to one person; an *invitation*
is a code given at the counter of an institution after the card was checked; a *proxy* lets a guardian read a child's
record between two days; the *subject* of a page is the person it is about: oneself or one's child.
"""
