"""What denoising of ECG is measured by and against: measures, classical baselines, heart beats."""
