-- How good each model was, by day of what it scored.
SELECT
    kind,
    model,
    day,
    intDiv(n, $least) * $least AS scores,
    $two_digits(roc_auc) AS roc_auc,
    $two_digits(average_precision) AS average_precision,
    $two_digits(log_loss) AS log_loss,
    $two_digits(calibration_ratio) AS calibration_ratio,
    $two_digits(mean_label_delay_ms / 86400000) AS mean_label_delay_days
FROM model_metrics FINAL
WHERE n >= $least
