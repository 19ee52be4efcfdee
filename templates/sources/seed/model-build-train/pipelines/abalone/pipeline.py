"""The pipeline: preprocess -> train -> evaluate -> register, where the mean squared error is at most LIMIT."""

from pathlib import Path

from sagemaker.core.image_uris import retrieve
from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.network import NetworkConfig
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.shapes import (
    OutputDataConfig,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    StoppingCondition,
    Tag,
)
from sagemaker.core.training.configs import Compute, InputData, Networking
from sagemaker.core.workflow.conditions import ConditionLessThanOrEqualTo
from sagemaker.core.workflow.functions import JsonGet
from sagemaker.core.workflow.parameters import ParameterInteger, ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.train.model_trainer import ModelTrainer

from pipelines.environment import Environment

HERE = Path(__file__).parent
LIMIT = 6.0
# Tags of SageMaker's images; both have Python 3.10 (docker/ of aws/sagemaker-scikit-learn- and -xgboost-container)
SKLEARN = "1.4-2"
XGBOOST = "3.0-5"
HYPERPARAMETERS = {
    "objective": "reg:squarederror",
    "num_round": 50,
    "max_depth": 5,
    "eta": 0.2,
    "gamma": 4,
    "min_child_weight": 6,
    "subsample": 0.7,
}


def get_pipeline(environment: Environment, session: PipelineSession, input_uri: str) -> Pipeline:
    """The pipeline of one project; nothing is created until it is upserted."""
    instance = ParameterString("ProcessingInstanceType", default_value="ml.m5.large")
    training_instance = ParameterString("TrainingInstanceType", default_value="ml.m5.xlarge")
    count = ParameterInteger("TrainingInstanceCount", default_value=1)
    approval = ParameterString("ModelApprovalStatus", default_value="PendingManualApproval")
    data = ParameterString("InputDataUrl", default_value=input_uri)
    image = retrieve("xgboost", environment.region, version=XGBOOST)

    prepared = preprocess(environment, session, instance, data)
    trained = train(environment, session, training_instance, count, image, prepared)
    evaluated, evaluation = evaluate(environment, session, instance, image, prepared, trained)
    registered = register(environment, session, image, trained, approval)
    good = ConditionLessThanOrEqualTo(
        left=JsonGet(evaluated.name, evaluation, "regression_metrics.mse.value"), right=LIMIT
    )
    decision = ConditionStep("CheckMSEAbalone", conditions=[good], if_steps=[registered], else_steps=[])
    return Pipeline(
        environment.pipeline_name,
        parameters=[instance, training_instance, count, approval, data],
        steps=[prepared, trained, evaluated, decision],
        sagemaker_session=session,
    )


def processor(environment, session, instance, image):
    return ScriptProcessor(
        environment.processing_role_arn,
        image,
        ["python3"],
        instance_count=1,
        instance_type=instance,
        sagemaker_session=session,
        network_config=NetworkConfig(
            subnets=list(environment.subnets),
            security_group_ids=list(environment.security_groups),
            encrypt_inter_container_traffic=True,
        ),
        volume_kms_key=environment.volume_key,
        output_kms_key=environment.kms_key,
        tags=environment.tags,
    )


def preprocess(environment, session, instance, data):
    image = retrieve("sklearn", environment.region, version=SKLEARN, instance_type="ml.m5.large")
    arguments = processor(environment, session, instance, image).run(
        code=str(HERE / "preprocess.py"),
        inputs=[source("input-1", data, "input")],
        outputs=[target(environment, name) for name in ("train", "validation", "test")],
    )
    return ProcessingStep("PreprocessAbaloneData", step_args=arguments)


def train(environment, session, instance, count, image, prepared):
    trainer = ModelTrainer(
        sagemaker_session=session,
        role=environment.training_role_arn,
        training_image=image,
        compute=Compute(
            instance_type=instance,
            instance_count=count,
            volume_size_in_gb=30,
            volume_kms_key_id=environment.volume_key,
        ),
        networking=Networking(
            subnets=list(environment.subnets),
            security_group_ids=list(environment.security_groups),
            enable_inter_container_traffic_encryption=True,
        ),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=86400),
        output_data_config=OutputDataConfig(
            s3_output_path=f"s3://{environment.model_bucket}/{environment.model_package_group}",
            kms_key_id=environment.kms_key,
        ),
        hyperparameters=HYPERPARAMETERS,
        tags=[Tag(key=tag["Key"], value=tag["Value"]) for tag in environment.tags],
    )
    channels = [
        InputData(channel_name=name, data_source=uri(prepared, name), content_type="text/csv")
        for name in ("train", "validation")
    ]
    return TrainingStep("TrainAbaloneModel", step_args=trainer.train(input_data_config=channels))


def evaluate(environment, session, instance, image, prepared, trained):
    evaluation = PropertyFile("EvaluationReport", output_name="evaluation", path="evaluation.json")
    arguments = processor(environment, session, instance, image).run(
        code=str(HERE / "evaluate.py"),
        inputs=[
            source("input-1", trained.properties.ModelArtifacts.S3ModelArtifacts, "model"),
            source("input-2", uri(prepared, "test"), "test"),
        ],
        outputs=[target(environment, "evaluation")],
    )
    return ProcessingStep("EvaluateAbaloneModel", step_args=arguments, property_files=[evaluation]), evaluation


def register(environment, session, image, trained, approval):
    model = ModelBuilder(
        image_uri=image,
        s3_model_data_url=trained.properties.ModelArtifacts.S3ModelArtifacts,
        role_arn=environment.training_role_arn,
        sagemaker_session=session,
        # Any other value adds an empty SAGEMAKER_PROGRAM, which the built-in algorithm's container takes for a script
        # of the user's, and does not start (aws/sagemaker-xgboost-container, serving.py).
        dependencies={},
    )
    report = f"s3://{environment.data_bucket}/{environment.model_package_group}/evaluation/evaluation.json"
    arguments = model.register(
        content_types=["text/csv"],
        response_types=["text/csv"],
        inference_instances=["ml.m5.large"],
        transform_instances=["ml.m5.large"],
        model_package_group_name=environment.model_package_group,
        approval_status=approval,
        model_metrics=ModelMetrics(model_statistics=MetricsSource(content_type="application/json", s3_uri=report)),
    )
    return ModelStep("RegisterAbaloneModel", step_args=arguments)


def source(name, address, folder):
    """What a processing job reads, below /opt/ml/processing."""
    return ProcessingInput(
        input_name=name,
        s3_input=ProcessingS3Input(
            s3_uri=address,
            local_path=f"/opt/ml/processing/{folder}",
            s3_data_type="S3Prefix",
            s3_input_mode="File",
            s3_data_distribution_type="FullyReplicated",
            s3_compression_type="None",
        ),
    )


def target(environment, name):
    """What a processing job writes, below /opt/ml/processing."""
    address = f"s3://{environment.data_bucket}/{environment.model_package_group}/{name}"
    return ProcessingOutput(
        output_name=name,
        s3_output=ProcessingS3Output(
            s3_uri=address, local_path=f"/opt/ml/processing/{name}", s3_upload_mode="EndOfJob"
        ),
    )


def uri(step, output):
    return step.properties.ProcessingOutputConfig.Outputs[output].S3Output.S3Uri
