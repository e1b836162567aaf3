"""Who sends records: the registered source beside `store.Source`, its keys, what it promised to send, and its silence.

Words: a *source* is a system that sends; its *registration* says whose it is and how its mistakes are treated (`mode`);
a *client* is a pair of id and secret (OAuth2 client credentials) a source gets *tokens* with; a *feed* is what it
declared to send and how often; *quarantine* keeps what was not valid until somebody decides; a *flag* stands on a
version that was accepted although a rule failed; a *tally* counts what came in a day.

`registering` and `clients` write, `tokens.principal` says who a request speaks for, `receiving` is the way in for
single messages and files of other formats, `silence` says who is not heard.
"""
