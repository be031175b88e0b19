"""Programs to start from, which import nothing of Footfall.

``alert_webhook`` posts alerts to a webhook
"""
