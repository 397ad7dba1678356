"""What the dashboards show: one module a dashboard, and the words that they share."""
