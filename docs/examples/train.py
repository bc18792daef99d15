"""Train a classifier: plain functions that know nothing of where their inputs come from or where what they return goes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

DIAGNOSES = {0: "malignant", 1: "benign"}


def prepare(raw: pd.DataFrame) -> pd.DataFrame:
    """Clean the measurements: tidy column names, no incomplete or repeated rows, diagnoses by name."""
    data = raw.rename(columns=lambda name: name.strip().replace(" ", "_"))
    data = data.dropna().drop_duplicates(ignore_index=True)
    diagnosis = pd.Categorical(data.pop("target").map(DIAGNOSES), categories=list(DIAGNOSES.values()))
    return data.assign(diagnosis=diagnosis)


def train(data: pd.DataFrame, depth: int = 4) -> tuple[float, np.ndarray, Pipeline, Figure, pd.DataFrame]:
    """Fit a classifier on three quarters of the data and try it on the rest.

    Returns:
        The accuracy, the confusion matrix, the fitted pipeline, a picture of what it looks at, and the test set with its predictions.
    """
    training, test = train_test_split(data, random_state=0, stratify=data["diagnosis"])
    model = make_pipeline(StandardScaler(), RandomForestClassifier(max_depth=depth, random_state=0))
    model.fit(training.drop(columns="diagnosis"), training["diagnosis"].to_numpy(dtype=str))
    test_set = test.assign(predicted=model.predict(test.drop(columns="diagnosis")))

    names = list(DIAGNOSES.values())
    confusion = confusion_matrix(test_set["diagnosis"], test_set["predicted"], labels=names)
    accuracy = accuracy_score(test_set["diagnosis"], test_set["predicted"])

    weights = pd.Series(model[-1].feature_importances_, index=model.feature_names_in_).nlargest(10)[::-1]
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(weights.index), weights.to_numpy())
    axes.set_title(f"The ten most important of {model.n_features_in_} measurements")
    axes.set_xlabel("importance")
    return accuracy, confusion, model, figure, test_set


def check(accuracy: float, confusion: np.ndarray, model: Pipeline, figure: bytes, test_set: pd.DataFrame) -> int:
    """Check that what was stored fits together and that the model predicts what it predicted when it was trained.

    Returns:
        The number of predictions that were compared.
    """
    predicted = model.predict(test_set.drop(columns=["diagnosis", "predicted"]))
    assert list(predicted) == list(test_set["predicted"])
    assert accuracy_score(test_set["diagnosis"], predicted) == accuracy
    assert (confusion_matrix(test_set["diagnosis"], predicted, labels=list(DIAGNOSES.values())) == confusion).all()
    assert figure.startswith(b"\x89PNG")
    return len(predicted)
