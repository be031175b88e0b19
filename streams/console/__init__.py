"""The console: one web page for people who look rather than query, served from one process.

``panels``   what the page shows: a query each, with bounds
``reading``  how the console asks ClickHouse: it can't write, and no query runs long
``asker``    the panels' questions on a few threads, answered once for all who look
``live``     throughput and lag, pushed as they change
``acks``     an analyst's verdict on an alert, on its way to the topic ``labels``
``gate``     who may ask, and from where
``session``  the cookie of those who signed in
``server``   the routes
"""
