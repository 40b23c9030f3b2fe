"""What people see: pictures, logs, screens and the commands behind them."""
