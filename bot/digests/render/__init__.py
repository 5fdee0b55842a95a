"""One digest, told in one way, shown as chat message, mail, page, paper and workbook."""

from bot.digests.render.bars import bar_chart
from bot.digests.render.book import xlsx
from bot.digests.render.chart import picture
from bot.digests.render.charts import WEEKS, charts
from bot.digests.render.chat import chat, message
from bot.digests.render.mail import mail
from bot.digests.render.paper import pdf
from bot.digests.render.told import Told, page

__all__ = ["WEEKS", "Told", "bar_chart", "charts", "chat", "mail", "message", "page", "pdf", "picture", "xlsx"]
