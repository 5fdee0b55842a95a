"""The organiser's menu in the chat: rounds are looked at, steered and begun with buttons.

Nothing of it lives in memory: a button carries the screen it leads to, and what is waited for stands with the contact.
What is done is done by `bot.rounds`, inside the transaction of the turn.
"""
