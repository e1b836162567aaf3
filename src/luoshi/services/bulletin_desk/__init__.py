"""The bulletin desk: make, review, sign, issue, send and prove the papers an office must issue.

Serves 监测、调度、通报、督办 of every plan. The papers, their states and rules are `supervision/bulletins`; here are the
pages, the REST face and what the demonstration shows. Words: 拟稿 draft, 核稿 review, 签发 sign, 印发 issue, 更正
correct, 重出 make again.
"""
