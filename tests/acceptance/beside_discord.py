"""`zos` where Discord is elsewhere: `python beside_discord.py REST_URL GATEWAY_URL serve …`.

What would be waited for, before a text is sent, sent again or taken back, takes a tenth of a second.
"""

from __future__ import annotations

import sys

import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

import zos.reflect.outbox.store
import zos.service.serving
from zos.cli import main

PAUSE_SECONDS = 0.1

if __name__ == "__main__":
    Route.BASE = sys.argv.pop(1)
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sys.argv.pop(1))
    zos.service.serving.DELIVERY_SECONDS = PAUSE_SECONDS
    zos.service.serving.REVIEW_SECONDS = PAUSE_SECONDS
    zos.service.serving.PRIVACY_SECONDS = PAUSE_SECONDS
    zos.reflect.outbox.store._FIRST_PAUSE_SECONDS = PAUSE_SECONDS
    main()
