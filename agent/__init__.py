"""The agent room: a question in, an answer with footnotes out, and nothing done that a person did not approve.

In: a question, the talk before it, whom the answer is for. Out: sentences with citations, or a refusal,
and the ledger of what was proposed, decided and done. It knows no chat platform and no console.
"""
